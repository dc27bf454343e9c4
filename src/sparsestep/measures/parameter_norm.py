"""Length of the parameter vector."""

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
    return ["parameter_norm"]


def measure(
    problem: Problem, trajectory: Trajectory, network: "Network", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """`parameter_norm`, (R, S): ||theta||_2 of all parameters, weights and biases alike."""
    return {"parameter_norm": np.linalg.norm(trajectory.parameters, axis=2)}
