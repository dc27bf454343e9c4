"""Wall times of the whole workflow, in a temporary copy of the sources."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from benchmarks.timing import Row, seconds_of
from sparsestep import registry
from sparsestep.plan import Plan

FIGURE = "results/figures/diagonal.svg"
TARGETS = {
    "from nothing to Figure 2, cold kernel cache": 40,
    "from nothing to all small networks, cold kernel cache": 180,
    "then networks on images, the theory, tables, verdicts, report": 600,
    "again, nothing to do": 3,
    "after one changed step size of `diagonal`": 12,
}
_THEORY = ("sde_", "label_noise", "stabilization", "quadratic")


def rows(root: Path, step_size: float, repetitions: int) -> list[Row]:
    """Median seconds of each state, in copies of the sources of `root`.

    `step_size` is one of `diagonal`, the first experiment; each changed one is 0.01 less.
    """
    states = [[_figure_from_nothing(root) for _ in range(repetitions)]]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        copy_sources(root, copy)
        networks = small_networks(copy)
        states.append([seconds_of(lambda: _snakemake(copy, *networks))])
        states.append([seconds_of(lambda: _snakemake(copy))])
        states.append([seconds_of(lambda: _snakemake(copy)) for _ in range(repetitions)])
        changed = []
        for _ in range(repetitions):
            following = round(step_size - 0.01, 10)
            change_step_size(copy / "config.yaml", step_size, following)
            changed.append(seconds_of(lambda: _snakemake(copy)))
            step_size = following
        states.append(changed)
    return [
        Row(what, len(seconds), statistics.median(seconds), "s", target=f"<= {TARGETS[what]}")
        for what, seconds in zip(TARGETS, states, strict=True)
    ]


def _figure_from_nothing(root: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        copy_sources(root, copy)
        return seconds_of(lambda: _snakemake(copy, FIGURE))


def copy_sources(root: Path, copy: Path) -> None:
    """Copy what git tracks or would track: no results, no bytecode, no compiled kernels."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.check_output(command, cwd=root, text=True).split("\0")
    # A file that was deleted but not committed is still listed.
    for name in filter(None, listed):
        if (root / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, copy / name)


def small_networks(folder: Path) -> list[str]:
    """Every figure of networks on vectors but those of the theory beside the experiments."""
    plan = Plan(yaml.safe_load((folder / "config.yaml").read_text()))
    of_images = {
        figure
        for name, experiment in plan.config.experiments.items()
        if registry.family("model", experiment.model.kind) == "images"
        for figure in plan.figures.of_experiment(name)
    }
    names = [
        name
        for name in plan.config.figures
        if not name.startswith(_THEORY) and name not in of_images
    ]
    return [path for path in plan.figures.paths() if Path(path).stem in names]


def change_step_size(path: Path, old: float, new: float) -> None:
    """Change the first `step_size: <old>` of a config file."""
    text = path.read_text()
    entry = f"step_size: {old}}}"
    if entry not in text:
        raise ValueError(f"{path.name}: expected {entry!r}, which is not there")
    path.write_text(text.replace(entry, f"step_size: {new}}}", 1))


def _snakemake(folder: Path, *targets: str) -> None:
    """Run the workflow in `folder`; its output is shown only when it fails."""
    # A cache elsewhere would not be cold.
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    command = [sys.executable, "-m", "snakemake", "--cores", str(os.cpu_count()), *targets]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"snakemake failed with {done.returncode}:\n{done.stdout}{done.stderr}")
