"""Sweeps of both forms: what figures, report and rules ask of any, and where their tables lie."""

from sparsestep.config.blocks import Experiment
from sparsestep.config.key_sweeps import KeySweep
from sparsestep.config.phase_sweeps import PhaseSweep
from sparsestep.config.swept import AnySweep, measured
from sparsestep.plan import paths
from sparsestep.plan.blocks import Spec, find
from sparsestep.plan.experiments import Experiments
from sparsestep.plan.image_sweeps import ImageSweeps
from sparsestep.plan.inputs import Input, paths_of
from sparsestep.plan.key_sweeps import KeySweeps
from sparsestep.plan.phase_sweeps import PhaseSweeps


class Sweeps:
    """The sweeps of a checked config.

    Attributes:
        phases: those over step size and duration.
        keys: those over keys.
        images: of the latter, trajectories of those on images, and of the runs beside them.
    """

    def __init__(self, blocks: dict[str, AnySweep], experiments: Experiments):
        self.blocks = blocks
        self._experiments = experiments
        self.phases = PhaseSweeps(_of_form(PhaseSweep, blocks), experiments)
        self.keys = KeySweeps(_of_form(KeySweep, blocks), experiments)
        self.images = ImageSweeps(self.keys, experiments)

    def block(self, name: str) -> AnySweep:
        """The checked block of a sweep; raises ConfigError where there is none."""
        return find(self.blocks, name, "sweep")

    def wanted(self) -> list[str]:
        """Sweeps of which the experiment is wanted, in config order."""
        of = self._experiments.wanted
        return [name for name, entry in self.blocks.items() if entry.experiment in of]

    def name_pattern(self, form: str, family: str | None = None) -> str:
        """Regular expression of the names of the sweeps of a form, "phases" or "keys".

        Of one family alone, "vectors" or "images", where it is given.
        """
        names = getattr(self, form).blocks
        return (
            "|".join(n for n in names if family in (None, self._experiment(n).family.name))
            or "(?!)"
        )

    def settings(self, name: str) -> Spec:
        """All that decides a sweep's end values."""
        if name in self.keys.blocks:
            return {"chunks": list(self.keys.chunks(name)), "replicates": self._replicates(name)}
        parts = {"points": self.block(name).points(), "replicates": self._replicates(name)}
        return {**self.phases.sweep(name), **parts}

    def columns(self, name: str) -> list[str]:
        """Names of what is measured."""
        entry = self.block(name)
        return measured(entry, {entry.experiment: self._experiment(name)})

    def batches(self, name: str) -> list[str]:
        """Path parts "first-last" of the replicates that one job handles."""
        return self._of(name).batches(name)

    def of_experiment(self, experiment: str) -> list[str]:
        """The sweeps of an experiment."""
        return [name for name, entry in self.blocks.items() if entry.experiment == experiment]

    def tables(self, name: str) -> list[Input]:
        """Every file with end values of a sweep: sweep."""
        return self._of(name).tables(name)

    def paths(self, name: str) -> list[str]:
        """All files with end values of a sweep."""
        return paths_of(self.tables(name))

    def collected_path(self, name: str) -> str:
        """File with all end values of a sweep."""
        return paths.COLLECTED.format(sweep=name)

    def collected_paths(self) -> list[str]:
        """The table of each sweep whose experiment is wanted."""
        return [self.collected_path(name) for name in self.wanted()]

    def output_paths(self) -> list[str]:
        """Every file that some job of a sweep writes, of experiments on demand too."""
        found = []
        for name in self.blocks:
            found += [*self.paths(name), self.collected_path(name)]
            for batch in self.batches(name):
                found += self.problem_paths(name, batch)
        for name in self.phases.blocks:
            found += paths_of(self.phases.edges_tables(name))
        return found + self.images.trajectory_paths() + self.images.dataset_paths()

    def problem_paths(self, name: str, batch: str) -> list[str]:
        """Files with a Problem that a sweep's job of a batch of replicates reads."""
        if name in self.keys.blocks:
            return self.keys.problem_paths(name, batch)
        return [self.phases.problem_path(name, batch)]

    def _of(self, name: str) -> KeySweeps | PhaseSweeps:
        self.block(name)
        return self.keys if name in self.keys.blocks else self.phases

    def _experiment(self, name: str) -> Experiment:
        return self._experiments.block(self.block(name).experiment)

    def _replicates(self, name: str) -> int:
        return self.block(name).replicates


def _of_form(form: type[AnySweep], blocks: dict[str, AnySweep]) -> dict[str, AnySweep]:
    return {name: entry for name, entry in blocks.items() if isinstance(entry, form)}
