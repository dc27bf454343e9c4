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
    for output in [files["output"]] if "output" in files else files["outputs"]:
        Path(output).parent.mkdir(parents=True, exist_ok=True)
    job = importlib.import_module(f"sparsestep.stages.{stage}")
    job.main(Namespace(spec=spec, code=code, threads=1, **files))


def measure_all(plan):
    """Everything up to the measurements of every experiment on vectors, in the current folder."""
    for name, entry in plan.experiments.blocks.items():
        if entry.family.name == "images":
            continue
        for batch in plan.experiments.batches(name):
            for run in (None, *entry.runs):
                make_problem(plan, name, batch, run)
            # Those that follow another run come behind it.
            for run in sorted(entry.runs, key=lambda run: entry.runs[run].followed is not None):
                make_run(plan, name, run, batch)


def sweep_all(plan):
    """The tables of every sweep over keys, in the current folder."""
    for name in plan.sweeps.keys.blocks:
        for path in plan.sweeps.paths(name):
            *_, chunk, last = Path(path).parts
            at = {"sweep": name, "chunk": chunk, "batch": Path(last).stem}
            is_of_images = plan.sweeps.keys.is_of_images(name)
            (sweep_images if is_of_images else sweep_points)(plan, at, path)
        output = plan.sweeps.collected_path(name)
        do(plan, "collect_points", {"sweep": name}, tables=plan.sweeps.paths(name), output=output)


def sweep_points(plan, at, path):
    """A job of a sweep over keys on vectors, and the problem that it reads."""
    entry = plan.sweeps.keys.blocks[at["sweep"]]
    problems = plan.sweeps.problem_paths(at["sweep"], at["batch"])
    if problems:
        make_problem(plan, entry.experiment, at["batch"], entry.run)
    loaded = plan.jobs.points_code(SimpleNamespace(**at))
    do(plan, "sweep_points", at, loaded=loaded, problems=problems, output=path)


def sweep_images(plan, at, path):
    """A job of a sweep over keys on images, its data set, and the training of its point."""
    images = plan.sweeps.images
    point = images.point(at["sweep"], at["chunk"])
    if not Path(point.dataset_path).exists():
        dataset, _, dataset_id = Path(point.dataset_path).stem.rpartition("-")
        of_data = {"dataset": dataset, "dataset_id": dataset_id}
        do(plan, "prepare", of_data, output=point.dataset_path)
    trajectory = images.trajectory_path(at["sweep"], at["chunk"], at["batch"])
    files = {"dataset": point.dataset_path}
    if not Path(trajectory).exists():
        entry = plan.sweeps.keys.blocks[at["sweep"]]
        of_run = {"experiment": entry.experiment, "run": entry.run, "run_id": point.run_id}
        of_run["batch"] = at["batch"]
        do(plan, "train_images", of_run, **files, resume="resume/a/b/c", output=trajectory)
    loaded = plan.jobs.points_code(SimpleNamespace(**at))
    do(plan, "sweep_images", at, **files, loaded=loaded, trajectory=trajectory, output=path)


def draw_all(plan):
    """Every figure, in the current folder, from what is there."""
    for name in plan.figures.blocks:
        outputs = plan.figures.paths([name])
        do(plan, "figure", {"figure": name}, **plan.figures.input_paths(name), outputs=outputs)


def make_problem(plan, name, batch, run=None):
    """The problem of a batch, of an experiment or of a run with its own."""
    path = plan.experiments.problem_path(name, batch, run)
    if not Path(path).exists():
        problem_id = plan.experiments.problem_id(name, run)
        at = {"experiment": name, "batch": batch, "problem_id": problem_id}
        do(plan, "generate", at, output=path)


def make_run(plan, name, run, batch):
    """Edges, trajectory and measurements of a batch of a run on vectors."""
    of = plan.experiments
    problem, edges = of.problem_path(name, batch, run), of.edges_path(name, run, batch)
    at = {"experiment": name, "run": run, "batch": batch, "run_id": of.run_id(name, run)}
    for path in edges:
        edges_id = identity(of.edges(name, run))
        do(plan, "calibrate", {**at, "edges_id": edges_id}, problem=problem, output=path)
    follows, trajectory = of.followed_path(name, run, batch), of.trajectory_path(name, run, batch)
    do(plan, "train", at, problem=problem, edges=edges, follows=follows, output=trajectory)
    output = of.measurement_path(name, run, batch)
    do(plan, "measure", at, problem=problem, trajectory=trajectory, output=output)
