"""What Snakemake runs, without Snakemake: each job is its stage's own function on named files."""

import importlib
import json
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace

from sparsestep.artifacts.identity import identity


def do(plan, stage, wildcards=None, **files):
    """A job of a stage, as its command does it, in the current folder."""
    at = SimpleNamespace(**wildcards or {})
    spec, code = json.loads(plan.jobs.spec(stage)(at)), plan.jobs.code(stage)(at)
    Path(files["output"]).parent.mkdir(parents=True, exist_ok=True)
    job = importlib.import_module(f"sparsestep.stages.{stage}")
    job.main(Namespace(spec=spec, code=code, threads=1, **files))


def measure_all(plan):
    """Everything up to the measurements of every experiment on vectors, in the current folder."""
    for name, entry in plan.experiments.blocks.items():
        for batch in plan.experiments.batches(name):
            make_problem(plan, name, batch)
            # Those that follow another run come behind it.
            for run in sorted(entry.runs, key=lambda run: entry.runs[run].followed is not None):
                make_run(plan, name, run, batch)


def make_problem(plan, name, batch):
    """The problem of a batch."""
    at = {"experiment": name, "batch": batch, "problem_id": plan.experiments.problem_id(name)}
    do(plan, "generate", at, output=plan.experiments.problem_path(name, batch))


def make_run(plan, name, run, batch):
    """Edges, trajectory and measurements of a batch of a run on vectors."""
    of = plan.experiments
    problem, edges = of.problem_path(name, batch), of.edges_path(name, run, batch)
    at = {"experiment": name, "run": run, "batch": batch, "run_id": of.run_id(name, run)}
    for path in edges:
        edges_id = identity(of.edges(name, run))
        do(plan, "calibrate", {**at, "edges_id": edges_id}, problem=problem, output=path)
    follows, trajectory = of.followed_path(name, run, batch), of.trajectory_path(name, run, batch)
    do(plan, "train", at, problem=problem, edges=edges, follows=follows, output=trajectory)
    output = of.measurement_path(name, run, batch)
    do(plan, "measure", at, problem=problem, trajectory=trajectory, output=output)
