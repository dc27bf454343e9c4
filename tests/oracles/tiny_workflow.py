"""The workflow of `tiny.yaml`, computed once a process: what Snakemake runs, without Snakemake.

Each job is its stage's own function on the files that the plan names.
"""

import contextlib
import csv
import functools
import os
import tempfile
from pathlib import Path
from unittest import mock

import pandas as pd
import stage_jobs
import yaml

from sparsestep.artifacts.arrays import read_edges, read_problem, read_trajectory
from sparsestep.artifacts.identity import identity
from sparsestep.images import compute
from sparsestep.plan import Plan, datasets, paths

_FILE = Path(__file__).parent / "tiny.yaml"
# What tests are collected by; nothing is computed before the first of them runs.
CONFIG = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
EXPERIMENTS = CONFIG["experiments"]
# Deleted when the process ends.
_FOLDER = tempfile.TemporaryDirectory(prefix="oracles-")


def runs(family):
    """(experiment, run) of all networks on "vectors" or on "images"."""
    return [
        (name, run)
        for name, of in EXPERIMENTS.items()
        for run in of["runs"]
        if (of["problem"]["kind"] == "images") == (family == "images")
    ]


class Finished:
    """Where the artefacts of a finished workflow lie, and what is in them; each is read once."""

    def __init__(self, plan: Plan, folder: Path):
        self._experiments = plan.experiments
        self._folder = folder

    @functools.cache
    def problem(self, experiment, run=None):
        """What the runs of an experiment were trained on, or a run that has its own."""
        (batch,) = self._experiments.batches(experiment)
        return read_problem(self._folder / self._experiments.problem_path(experiment, batch, run))

    @functools.cache
    def trajectory(self, experiment, run):
        """What a run's job wrote."""
        return read_trajectory(self._path(self._experiments.trajectory_path, experiment, run))

    @functools.cache
    def edges(self, experiment, run):
        """Edges that a run's step sizes are fractions of, (R,); None where they are numbers."""
        batch = self._experiments.batches(experiment)[0]
        found = self._experiments.edges_path(experiment, run, batch)
        return read_edges(self._folder / found[0]) if found else None

    @functools.cache
    def measurements(self, experiment, run):
        """The table of a run, read by pandas itself."""
        path = self._path(self._experiments.measurement_path, experiment, run)
        return pd.read_parquet(path)

    @functools.cache
    def table(self, name):
        """A CSV table of results/; a column is numbers, every digit read, or texts."""
        with open(self._folder / "results" / f"{name}.csv", newline="", encoding="utf-8") as file:
            names, *rows = csv.reader(file)
        columns = zip(names, *rows, strict=True)
        return pd.DataFrame({name: _read(values) for name, *values in columns})

    def _path(self, where, *names):
        (batch,) = self._experiments.batches(names[0])
        return self._folder / where(*names, batch)


def _read(column):
    """Numbers, where all of a column are."""
    try:
        return [float(text) for text in column]
    except ValueError:
        return column


@functools.cache
def finished() -> Finished:
    """Every artefact of `tiny.yaml` made."""
    plan, folder = Plan(CONFIG), Path(_FOLDER.name)
    with contextlib.chdir(folder), mock.patch.dict(os.environ):
        compute.hand_to_jobs(plan.config.compute)
        for name, entry in plan.experiments.blocks.items():
            on_images = not entry.family.has_problem_file
            make = _make_run_on_images if on_images else stage_jobs.make_run
            (batch,) = plan.experiments.batches(name)
            _make_data(plan, name, entry)
            # Those that follow another run come behind it.
            for run in sorted(entry.runs, key=lambda run: entry.runs[run].followed is not None):
                make(plan, name, run, batch)
        summary = {"output": paths.SUMMARY, "divergence": paths.DIVERGENCE}
        stage_jobs.do(plan, "summary", **summary, tables=plan.experiments.measurement_paths())
        stage_jobs.do(plan, "claims", output=paths.CLAIMS, tables=plan.report.claims_inputs())
    return Finished(plan, folder)


def _make_data(plan, name, entry):
    (batch,) = plan.experiments.batches(name)
    if not entry.family.has_problem_file:
        dataset = entry.problem.dataset
        at = {"dataset": dataset, "dataset_id": identity(datasets.spec(dataset))}
        stage_jobs.do(plan, "prepare", at, output=plan.experiments.dataset_path(name))
        return
    for run in (None, *entry.runs):
        stage_jobs.make_problem(plan, name, batch, run)


def _make_run_on_images(plan, name, run, batch):
    of = plan.experiments
    data, trajectory = of.dataset_path(name), of.trajectory_path(name, run, batch)
    at = {"experiment": name, "run": run, "batch": batch, "run_id": of.run_id(name, run)}
    resume = paths.RESUME.format(**at)
    stage_jobs.do(plan, "train_images", at, dataset=data, resume=resume, output=trajectory)
    output = of.measurement_path(name, run, batch)
    stage_jobs.do(plan, "measure_images", at, dataset=data, trajectory=trajectory, output=output)
