"""What Snakemake asks a plan while it reads the rules and builds the graph of jobs."""

import re
from types import SimpleNamespace

from sparsestep.plan import WILDCARDS, Plan

# Where rules write, as in workflow/rules/*.smk.
OUTPUTS = {
    "generate": "results/problems/{experiment}-{problem_id}/{batch}.safetensors",
    "calibrate": "results/edges/{experiment}-{edges_id}/{batch}.safetensors",
    "train": "results/runs/{experiment}/{run}-{run_id}/{batch}/trajectory.safetensors",
    "measure": "results/runs/{experiment}/{run}-{run_id}/{batch}/measurements.parquet",
    "prepare": "results/data/{dataset}-{dataset_id}.safetensors",
    "simulate": "results/simulations/{simulation}-{simulation_id}.parquet",
    "tabulate": "results/tables/{simulation}.csv",
}


def ask(plan: Plan) -> set[str]:
    """Ask all of it; the paths of all files that there would be. Raises what the plan raises."""
    plan.pattern_of_experiments(images=True), plan.pattern_of_experiments(images=False)
    for name in plan.experiments:
        plan.experiment_paths(name)
    found = {*plan.figure_paths(list(plan.figures)), *plan.figure_paths(), *plan.summary_paths()}
    found |= {*plan.measurement_paths(), *plan.shown_figure_paths(), *plan.claims_inputs()}
    for name in plan.simulations:
        wildcards = _job(plan, "simulate", plan.simulation_path(name))
        assert wildcards.simulation == name
        found.add(plan.simulation_path(name))
    for path in plan.summary_paths():
        _job(plan, "tabulate", path)
    for of in (plan.summary_spec, plan.claims_spec, plan.report_spec):
        of(None)
    for figure in plan.figures:
        plan.figure_inputs(figure)
        plan.code("figure")(SimpleNamespace(figure=figure))
    for experiment, entry in plan.experiments.items():
        for run in entry.runs:
            found |= _ask_run(plan, experiment, run)
    return found


def _ask_run(plan: Plan, experiment: str, run: str) -> set[str]:
    batches = plan.batches(experiment)
    images = "_images" if plan.is_of_images(experiment) else ""
    found = set()
    for batch in dict.fromkeys((batches[0], batches[-1])):
        trajectory = plan.trajectory_path(experiment, run, batch)
        table = plan.measurement_path(experiment, run, batch)
        found |= {trajectory, table, *plan.followed_path(experiment, run, batch)}
        wildcards = _job(plan, "train", trajectory, images)
        assert (wildcards.experiment, wildcards.run) == (experiment, run)
        _job(plan, "measure", table, images)
        if images:
            assert plan.snapshots_mb(experiment) >= 0
            _job(plan, "prepare", plan.images_path(experiment))
            continue
        _job(plan, "generate", plan.problem_path(experiment, batch))
        found.add(plan.problem_path(experiment, batch))
        for path in plan.edges_path(experiment, run, batch):
            _job(plan, "calibrate", path)
            found.add(path)
    return found


def _job(plan: Plan, stage: str, path: str, images: str = "") -> SimpleNamespace:
    """Wildcards of a path, taken apart as Snakemake does, and the params of its job."""
    pattern = re.sub(r"\{(\w+)\}", lambda m: f"(?P<{m[1]}>{WILDCARDS[m[1]]})", OUTPUTS[stage])
    found = re.fullmatch(pattern, path)
    assert found, f"{path} is no output of {stage}"
    wildcards = SimpleNamespace(**found.groupdict())
    spec = getattr(plan, f"{stage}{images}_spec")(wildcards)
    assert isinstance(spec, str)
    plan.code(f"{stage}{images}")(wildcards)
    return wildcards


def is_safe(path: str) -> bool:
    """A plain path inside results/: no shell, no wildcard, no way out."""
    parts = path.split("/")
    plain = all(re.fullmatch(r"[a-z0-9][A-Za-z0-9_.-]*", part) for part in parts)
    return plain and parts[0] == "results" and len(parts) <= 6 and ".." not in path
