"""Training and test loss."""

from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed
from sparsestep.models.squared_loss import mean_squared_loss

if TYPE_CHECKING:
    from sparsestep.contracts import Network


class Spec(Closed):
    """No options."""


def columns(options: Spec) -> list[str]:
    """What `measure` returns, `test_loss` only of a problem with test points of its own."""
    return ["train_loss", "test_loss"]


def measure(
    problem: Problem, trajectory: Trajectory, network: "Network", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """`train_loss` and `test_loss`, each (R, S), float64.

    `models.squared_loss.mean_squared_loss` over all training or test samples. No `test_loss` where
    the test points are the training points (`registry.WITHOUT_TEST_SET`).
    """
    has_test_set = not np.array_equal(problem.x_train, problem.x_test)
    losses = {}
    for name in ("train", "test") if has_test_set else ("train",):
        losses[f"{name}_loss"] = np.stack(
            [
                mean_squared_loss(
                    network,
                    theta,
                    problem.of_replicate(f"x_{name}", row),
                    problem.of_replicate(f"y_{name}", row),
                )
                for row, theta in enumerate(trajectory.parameters)
            ]
        )
    return losses
