"""Dead networks of one output or several."""

from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed
from sparsestep.models.dead import is_dead

if TYPE_CHECKING:
    from sparsestep.models.general_mlp import Network


class Spec(Closed):
    """No options."""


def columns(options: Spec) -> list[str]:
    """What `measure` returns."""
    return ["dead"]


def measure(
    problem: Problem, trajectory: Trajectory, network: "Network", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """`dead`, (R, S): 1 where every output is the same for all training inputs, else 0.

    `models.dead` says when it counts as the same. NaN where a replicate has diverged.
    """
    dead = np.full(trajectory.parameters.shape[:2], np.nan)
    for row, theta in enumerate(trajectory.parameters):
        finite = np.isfinite(theta).all(axis=1)
        x = problem.of_replicate("x_train", row)
        h = network.predict(theta[finite], x).reshape(finite.sum(), len(x), -1)
        dead[row, finite] = is_dead(np.swapaxes(h, 1, 2)).all(axis=1)
    return {"dead": dead}
