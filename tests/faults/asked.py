"""What Snakemake asks a plan while it reads the rules and builds the graph of jobs."""

import re
from types import SimpleNamespace

from sparsestep.config.families import FAMILIES
from sparsestep.plan import Plan, paths

# Where rules write.
OUTPUTS = {
    "generate": paths.PROBLEM,
    "calibrate": paths.EDGES,
    "train": paths.TRAJECTORY,
    "measure": paths.MEASUREMENTS,
    "prepare": paths.DATASET,
    "simulate": paths.SIMULATION,
    "tabulate": paths.SHORT_TABLE,
    "sweep": paths.SWEEP,
    "sweep_points": paths.SWEEP,
    "sweep_images": paths.SWEEP,
}


def ask(plan: Plan) -> set[str]:
    """Ask all of it; the paths of all files that there would be. Raises what the plan raises."""
    for family in FAMILIES:
        plan.experiments.name_pattern(family)
    for name in plan.config.experiments:
        plan.target_paths(name)
    found = {
        *plan.figures.paths(list(plan.config.figures)),
        *plan.figures.paths(),
        *plan.simulations.short_table_paths(),
    }
    found |= {
        *plan.experiments.measurement_paths(),
        *plan.figures.shown_paths(),
        *plan.report.claims_inputs(),
    }
    for name in plan.config.simulations:
        wildcards = _job(plan, "simulate", plan.simulations.path(name))
        assert wildcards.simulation == name
        found.add(plan.simulations.path(name))
    for path in plan.simulations.short_table_paths():
        _job(plan, "tabulate", path)
    for of in (plan.jobs.spec("summary"), plan.jobs.spec("claims"), plan.jobs.spec("report")):
        of(None)
    for figure in plan.config.figures:
        plan.figures.input_paths(figure)
        plan.jobs.code("figure")(SimpleNamespace(figure=figure))
    for name in plan.config.sweeps:
        found |= _ask_sweep(plan, name)
    for experiment, entry in plan.config.experiments.items():
        for run in entry.runs:
            found |= _ask_run(plan, experiment, run)
    return found


def _ask_sweep(plan: Plan, name: str) -> set[str]:
    is_over_keys = name in plan.sweeps.keys.blocks
    tables = plan.sweeps.paths(name)
    for path in (tables[0], tables[-1]):
        is_of_images = is_over_keys and plan.sweeps.keys.is_of_images(name)
        stage = "sweep_images" if is_of_images else "sweep_points" if is_over_keys else "sweep"
        wildcards = _job(plan, stage, path)
        assert wildcards.sweep == name
        if is_of_images:
            _ask_point(plan, wildcards)
        for problem in plan.sweeps.problem_paths(name, wildcards.batch):
            _job(plan, "generate", problem)
        if is_over_keys:
            plan.jobs.points_code(wildcards)
    plan.sweeps.columns(name)
    return {*tables, plan.sweeps.collected_path(name)}


def _ask_point(plan: Plan, of: SimpleNamespace) -> None:
    """The training of a point on images."""
    images = plan.sweeps.images
    trajectory = images.trajectory_path(of.sweep, of.chunk, of.batch)
    at = _job(plan, "train", trajectory, "_images")
    dataset = images.dataset_path(at.experiment, at.run, at.run_id)
    assert dataset == images.point(of.sweep, of.chunk).dataset_path
    assert images.snapshots_mb(at.experiment, at.run, at.run_id, at.batch) >= 0
    _job(plan, "prepare", dataset)


def _ask_run(plan: Plan, experiment: str, run: str) -> set[str]:
    batches = plan.experiments.batches(experiment)
    images = "" if plan.config.experiments[experiment].family.name == "vectors" else "_images"
    found = set()
    for batch in dict.fromkeys((batches[0], batches[-1])):
        trajectory = plan.experiments.trajectory_path(experiment, run, batch)
        table = plan.experiments.measurement_path(experiment, run, batch)
        found |= {trajectory, table, *plan.experiments.followed_path(experiment, run, batch)}
        wildcards = _job(plan, "train", trajectory, images)
        assert (wildcards.experiment, wildcards.run) == (experiment, run)
        _job(plan, "measure", table, images)
        if images:
            assert plan.experiments.snapshots_mb(experiment, batch) >= 0
            _job(plan, "prepare", plan.experiments.dataset_path(experiment, run))
            continue
        _job(plan, "generate", plan.experiments.problem_path(experiment, batch, run))
        found.add(plan.experiments.problem_path(experiment, batch, run))
        for path in plan.experiments.edges_path(experiment, run, batch):
            _job(plan, "calibrate", path)
            found.add(path)
    return found


def _job(plan: Plan, stage: str, path: str, images: str = "") -> SimpleNamespace:
    """Wildcards of a path, taken apart as Snakemake does, and the params of its job."""
    groups = {name: f"(?P<{name}>{pattern})" for name, pattern in paths.WILDCARDS.items()}
    found = re.fullmatch(OUTPUTS[stage].format(**groups), path)
    assert found, f"{path} is no output of {stage}"
    wildcards = SimpleNamespace(**found.groupdict())
    spec = plan.jobs.spec(f"{stage}{images}")(wildcards)
    assert isinstance(spec, str)
    plan.jobs.code(f"{stage}{images}")(wildcards)
    return wildcards


def is_safe(path: str) -> bool:
    """A plain path inside results/: no shell, no wildcard, no way out."""
    parts = path.split("/")
    plain = all(re.fullmatch(r"[a-z0-9][A-Za-z0-9_.-]*", part) for part in parts)
    return plain and parts[0] == "results" and len(parts) <= 6 and ".." not in path
