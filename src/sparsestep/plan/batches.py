"""Replicates shared out to jobs, each part named by its ends in a path: "0-15"."""

from sparsestep.config.blocks import Experiment
from sparsestep.errors import ConfigError
from sparsestep.plan.blocks import Spec


def split(experiment: Experiment, replicates: int) -> list[str]:
    """Path parts "first-last" of the replicates that one job handles.

    Batches start at multiples of their size, so that more replicates add batches; a last one that
    was not full is another batch then, which takes over what it can (`stages/siblings.py`).
    """
    step = full(experiment)
    starts = range(0, replicates, step)
    return [f"{first}-{min(first + step, replicates) - 1}" for first in starts]


def full(experiment: Experiment) -> int:
    """How many replicates a job handles where there are enough."""
    of_family = experiment.family.replicates_per_batch(experiment.problem)
    return experiment.replicates_per_job or of_family


def size(batch: str) -> int:
    """How many replicates a batch has."""
    first, last = map(int, batch.split("-"))
    return last - first + 1


def with_replicates(spec: Spec, batch: str) -> Spec:
    """The spec for the first to the last replicate of a batch."""
    return {**spec, "replicates": [int(end) for end in batch.split("-")]}


def require(name: str, batch: str, *known: list[str] | frozenset[str]) -> None:
    """Raise ConfigError where an experiment of this name has no such batch."""
    if not any(batch in batches for batches in known):
        raise ConfigError(f"experiments.{name} has no batch {batch}")
