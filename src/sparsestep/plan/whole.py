"""A config's plan as a whole. Pure, and fast to import."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sparsestep import config
from sparsestep.errors import ConfigError
from sparsestep.mistakes import Mistakes
from sparsestep.plan.experiments import Experiments
from sparsestep.plan.figures import Figures
from sparsestep.plan.jobs import Jobs
from sparsestep.plan.published import Published
from sparsestep.plan.report import Report
from sparsestep.plan.simulations import Simulations
from sparsestep.plan.sweeps import Sweeps


class Plan:
    """Everything that Snakemake's rules ask about a config, a part for each of its subjects.

    Attributes:
        config: the checked config.
        experiments, sweeps, simulations, figures: specs, paths and inputs of each.
        published: what the paper's figures end with.
        report: the same of what is said of all together.
        jobs: what each job is told.
    """

    def __init__(self, raw: dict[str, Any]):
        """Check the raw content of config.yaml; raises ConfigError, a line for each mistake."""
        checked = self.config = config.load(raw)
        self.experiments = Experiments(checked.experiments, checked.enabled)
        self.sweeps = Sweeps(checked.sweeps, self.experiments)
        self.simulations = Simulations(checked.simulations)
        shown = (self.experiments, self.sweeps, self.simulations)
        self.published = Published(checked.published, self.experiments)
        self.figures = Figures(checked.figures, *shown, self.published)
        self.report = Report(*shown, self.figures, self.published)
        self.jobs = Jobs(*shown, self.figures, self.report, self.published)

    def targets(self, reserved: Iterable[str]) -> list[str]:
        """Names of the experiments, each a target of its own beside the rules.

        Raises ConfigError where one is called like a rule: `snakemake <name>` means that already.
        """
        taken, mistakes = set(reserved), Mistakes(("experiments",))
        for name in self.experiments.blocks:
            if name in taken:
                mistakes.add("a rule of the workflow has this name; choose another", name)
        mistakes.refuse()
        return list(self.experiments.blocks)

    def target_paths(self, experiment: str) -> list[str]:
        """Measurements of one experiment, and the figures that show it and no other."""
        figures = self.figures.paths(self.figures.of_experiment(experiment))
        return [*self.experiments.measurement_paths([experiment]), *figures]

    def output_paths(self) -> list[str]:
        """Every file with an id or a name of config.yaml that some target makes."""
        parts = (self.experiments, self.sweeps, self.simulations)
        found = [path for part in parts for path in part.output_paths()]
        return found + self.figures.paths(list(self.figures.blocks))


def check_results_folder(folder: Path) -> None:
    """Raise ConfigError where results are no folder, and there is not even something to look at."""
    try:
        os.stat(folder)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ConfigError(f"{folder} is a link that leads back to itself") from None
    nearest = _nearest(folder)
    if not nearest.is_dir():
        raise ConfigError(f"{folder} must be a folder that can be written, but {nearest} is a file")


def check_results_writable(folder: Path) -> None:
    """Raise ConfigError when results cannot be written; nothing is created."""
    _check_links(folder)
    check_results_folder(folder)
    nearest = _nearest(folder)
    if not os.access(nearest, os.W_OK | os.X_OK):
        read_only = os.statvfs(nearest).f_flag & os.ST_RDONLY
        why = "read-only file system at" if read_only else "no permission for"
        raise ConfigError(f"{folder} cannot be written: {why} {nearest}")


def _nearest(folder: Path) -> Path:
    """The folder, or what it would be made in."""
    nearest = folder.resolve()
    while not nearest.exists():
        nearest = nearest.parent
    return nearest


def _check_links(folder: Path) -> None:
    """Raise ConfigError where the folder, or one in it, is a link that leads nowhere."""
    inside = folder.iterdir() if folder.is_dir() else ()
    for path in (folder, *inside):
        if path.is_symlink() and not path.exists():
            target = path.readlink()
            raise ConfigError(f"{path} is a link to {target}, which is not there; make that folder")
