"""Training and test loss."""

from typing import Any

import numpy as np

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed


class Spec(Closed):
    """No options."""


def columns(options: Spec) -> list[str]:
    """What `measure` returns."""
    return ["train_loss", "test_loss"]


def measure(
    problem: Problem, trajectory: Trajectory, network: Any, options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """`train_loss` and `test_loss`, each (R, S), float64.

    loss_factor times the mean square of h(x_i) - y_i over all training or test samples, with the
    network's factor: 1/2 for diagonal networks (paper: section 3).
    """
    losses = {}
    for name in ("train", "test"):
        losses[f"{name}_loss"] = np.stack(
            [
                _mean_square(
                    network.predict(theta, problem.of_replicate(f"x_{name}", row)),
                    problem.of_replicate(f"y_{name}", row),
                )
                for row, theta in enumerate(trajectory.parameters)
            ]
        )
    return {name: network.loss_factor * loss for name, loss in losses.items()}


def _mean_square(predictions: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.mean((predictions - y) ** 2, axis=1)
