"""Training and test loss of networks with any loss."""

from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed

if TYPE_CHECKING:
    from collections.abc import Callable

    from sparsestep.models.general_mlp import Network


class Spec(Closed):
    """No options."""


def columns(options: Spec) -> list[str]:
    """What `measure` returns, `test_loss` only of a problem with test points of its own."""
    return ["train_loss", "test_loss"]


def measure(
    problem: Problem, trajectory: Trajectory, network: "Network", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """`train_loss` and `test_loss`, each (R, S), float64: the model's loss, mean over samples.

    What it is of a sample: `models.differentiable.Form.sample_losses`. No `test_loss` where the
    test points are the training points (`registry.WITHOUT_TEST_SET`).
    """
    from sparsestep.measures import autograd

    return of_samples(problem, trajectory, network, autograd.losses, "loss")


def of_samples(
    problem: Problem, trajectory: Trajectory, network: "Network", of: "Callable", name: str
) -> dict[str, np.ndarray]:
    """`train_<name>` and `test_<name>`, (R, S), of a function of (network, theta, x, y)."""
    has_test_set = not np.array_equal(problem.x_train, problem.x_test)
    found = {}
    for part in ("train", "test") if has_test_set else ("train",):
        values = np.full(trajectory.parameters.shape[:2], np.nan)
        for row, theta in enumerate(trajectory.parameters):
            x, y = (problem.of_replicate(f"{letter}_{part}", row) for letter in "xy")
            finite = np.isfinite(theta).all(axis=1)
            values[row, finite] = of(network, theta[finite], x, y)
        found[f"{part}_{name}"] = values
    return found
