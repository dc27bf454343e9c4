"""What an experiment on images may say, and what one on vectors may not, before the first job."""

from typing import Any

from sparsestep import registry
from sparsestep.mistakes import dotted, suggest
from sparsestep.schedules.edge import is_relative

# When parameters are kept where an experiment does not say so: every 5 % of the epochs.
SNAPSHOTS = {"first": 1, "evenly_spaced": 21, "last": True}


def of_images(problem: dict) -> bool:
    """Whether a validated `problem:` block hands out images."""
    return problem["kind"] in registry.IMAGE_PROBLEMS


def iterations(experiment: Any, problem: dict) -> int:
    """T of a checked `Experiment` (config/blocks.py): as it says, or that of its epochs."""
    if experiment.iterations is not None:
        return experiment.iterations
    spec = registry.load("problem", problem["kind"]).Spec(**problem)
    return experiment.epochs * spec.iterations_per_epoch


def mistakes(
    experiment: Any, problem: dict, model: dict, runs: dict[str, Any], path: tuple
) -> list[str]:
    """One line for each thing that does not go with images, or only with them."""
    images = of_images(problem)
    found = {}
    if images != (model["kind"] in registry.IMAGE_MODELS):
        takes = "images" if not images else "vectors"
        found["model", "kind"] = f"got {model['kind']!r}, which takes {takes}; " + _valid(images)
    if experiment.epochs is None and experiment.iterations is None:
        found["epochs" if images else "iterations",] = "missing"
    if experiment.epochs is not None and not images:
        found["epochs",] = f"problem {problem['kind']!r} has none; give iterations"
    elif experiment.epochs is not None and experiment.iterations is not None:
        found["epochs",] = "must be absent where iterations are given"
    for option in ("bfloat16", "last"):
        if getattr(experiment.snapshots, option, False) and not images:
            found["snapshots", option] = "is for networks on images; leave it out"
    if images:
        if "edge" in experiment.model_fields_set:
            found["edge",] = "edges of networks on images are not searched for; leave it out"
        for name, run in runs.items():
            if run.schedule and is_relative(run.schedule):
                key = ("runs", name, "schedule", "step_size")
                found[key] = "must be a number: edges of networks on images are not searched for"
    return [f"{dotted((*path, *key))}: {text}" for key, text in found.items()]


def mistakes_about(enabled: list[str], experiments: dict[str, Any]) -> list[str]:
    """One line for each entry of `enabled` that is no experiment on demand."""
    valid = [name for name, experiment in experiments.items() if experiment.on_demand]
    return [
        f"{dotted(('enabled', index))}: no experiment with `on_demand: true`{suggest(name, valid)}"
        for index, name in enumerate(enabled)
        if name not in valid
    ]


def _valid(images: bool) -> str:
    models = [m for m in registry.kinds("model") if (m in registry.IMAGE_MODELS) == images]
    return f"valid here: {', '.join(models)}"
