"""Step sizes as numbers, or in units of each replicate's edge."""

from sparsestep.fields import OfEdge


def in_units(step_size: float | OfEdge) -> float:
    """The number that stands in config.yaml: a step size, or a fraction of the edge."""
    return step_size.of_edge if isinstance(step_size, OfEdge) else step_size


def is_relative(schedule: dict) -> bool:
    """Whether a validated `schedule:` block is in units of the edge."""
    return isinstance(schedule["step_size"], dict)
