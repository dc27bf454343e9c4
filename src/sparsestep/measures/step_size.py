"""The step size that the update after a snapshot uses."""

from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed

if TYPE_CHECKING:
    from sparsestep.contracts import Network


class Spec(Closed):
    """No options."""


def columns(options: Spec) -> list[str]:
    """What `measure` returns."""
    return ["step_size"]


def measure(
    problem: Problem, trajectory: Trajectory, network: "Network", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """`step_size`, (R, S): the schedule at the snapshots."""
    return {"step_size": trajectory.step_sizes}
