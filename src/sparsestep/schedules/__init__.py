"""Step-size schedules: the step size as a pure function of the iteration.

A module each, so that a new schedule re-runs nothing that uses another. Its `Spec` offers
`step_sizes(iterations)`, the step size of every iteration, shape (iterations,), float64, and
`decays(iterations)`, the iterations from which on the step size is smaller than before. Where the
step size is a fraction of the edge, so are `step_sizes`.
"""

from typing import TYPE_CHECKING

from sparsestep import registry

if TYPE_CHECKING:
    from sparsestep.contracts import Schedule


def from_spec(spec: dict) -> "Schedule":
    """The schedule that a validated `schedule:` block describes."""
    return registry.load("schedule", spec["kind"]).Spec(**spec)
