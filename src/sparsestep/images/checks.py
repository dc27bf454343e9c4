"""What an experiment on images may say, and what one on vectors may not, before the first job."""

from typing import TYPE_CHECKING

from sparsestep import registry
from sparsestep.fields import Closed
from sparsestep.mistakes import Mistakes, suggest

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment

# When parameters are kept where an experiment does not say so: every 5 % of the epochs.
SNAPSHOTS = {"first": 1, "evenly_spaced": 21, "last": True}


def is_of_images(problem: Closed) -> bool:
    """Whether a problem hands out images."""
    return problem.kind in registry.IMAGE_PROBLEMS


def go_together(problem: Closed, model: Closed) -> bool:
    """Whether the model takes what the problem hands out: images, or vectors."""
    return is_of_images(problem) == (model.kind in registry.IMAGE_MODELS)


def iterations(experiment: "Experiment") -> int:
    """T of a checked experiment: as it says, or that of its epochs."""
    if experiment.iterations is not None:
        return experiment.iterations
    return experiment.epochs * experiment.problem.iterations_per_epoch


def check(experiment: "Experiment", mistakes: Mistakes) -> None:
    """Note each thing that does not go with images, or only with them."""
    images, kind = is_of_images(experiment.problem), experiment.model.kind
    if not go_together(experiment.problem, experiment.model):
        takes = "images" if not images else "vectors"
        mistakes.add(f"got {kind!r}, which takes {takes}; {_valid(images)}", "model", "kind")
    _check_time(experiment, images, mistakes)
    for option in ("bfloat16", "last"):
        if getattr(experiment.snapshots, option, False) and not images:
            mistakes.add("is for networks on images; leave it out", "snapshots", option)
    if not images:
        return
    if "edge" in experiment.model_fields_set:
        mistakes.add("edges of networks on images are not searched for; leave it out", "edge")
    for name, run in experiment.runs.items():
        if run.is_relative:
            text = "must be a number: edges of networks on images are not searched for"
            mistakes.add(text, "runs", name, "schedule", "step_size")


def _check_time(experiment: "Experiment", images: bool, mistakes: Mistakes) -> None:
    if experiment.epochs is None and experiment.iterations is None:
        mistakes.add("missing", "epochs" if images else "iterations")
    elif experiment.epochs is not None and not images:
        kind = experiment.problem.kind
        mistakes.add(f"problem {kind!r} has none; give iterations", "epochs")
    elif experiment.epochs is not None and experiment.iterations is not None:
        mistakes.add("must be absent where iterations are given", "epochs")


def check_enabled(
    enabled: list[str], experiments: "dict[str, Experiment]", mistakes: Mistakes
) -> None:
    """Note each entry of `enabled` that is no experiment on demand."""
    valid = [name for name, experiment in experiments.items() if experiment.on_demand]
    for index, name in enumerate(enabled):
        if name not in valid:
            mistakes.add(f"no experiment with `on_demand: true`{suggest(name, valid)}", index)


def _valid(images: bool) -> str:
    models = [m for m in registry.kinds("model") if (m in registry.IMAGE_MODELS) == images]
    return f"valid here: {', '.join(models)}"
