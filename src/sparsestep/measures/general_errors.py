"""Share of samples in a wrong class."""

from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed
from sparsestep.measures import general_losses

if TYPE_CHECKING:
    from sparsestep.models.general_mlp import Network


class Spec(Closed):
    """No options."""


def columns(options: Spec) -> list[str]:
    """What `measure` returns, `test_error` only of a problem with test points of its own."""
    return ["train_error", "test_error"]


def mistakes(options: Spec, problem: Closed, network: "Network") -> dict[tuple, str]:
    """The squared loss is of real labels, and there are no classes."""
    if network.spec.loss != "squared":
        return {}
    text = "is for classes, and model.loss is squared; valid: logistic, cross_entropy"
    return {("measure", "errors"): text}


def measure(
    problem: Problem, trajectory: Trajectory, network: "Network", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """`train_error` and `test_error`, each (R, S), in [0, 1]: share of samples in a wrong class.

    With several outputs the class of the largest; with one, of loss logistic, 1 where h > 0, else
    -1. NaN where a replicate has diverged. No `test_error` where the test points are the training
    points.
    """
    from sparsestep.measures import autograd

    return general_losses.of_samples(problem, trajectory, network, autograd.errors, "error")
