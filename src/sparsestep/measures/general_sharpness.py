"""Sharpness of networks with any activation and loss."""

from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed
from sparsestep.measures.lanczos import largest_eigenvalues
from sparsestep.measures.snapshots import measure_chunks

if TYPE_CHECKING:
    from sparsestep.models.general_mlp import Network

# Vectors of P numbers that a snapshot's Lanczos iteration usually keeps.
_VECTORS = 50


class Spec(Closed):
    """No options."""


def columns(options: Spec) -> list[str]:
    """What `measure` returns."""
    return ["sharpness"]


def measure(
    problem: Problem, trajectory: Trajectory, network: "Network", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """`sharpness`, (R, S): largest eigenvalue of the Hessian of the training loss.

    The loss is the model's, mean over all n training samples, so that full-batch gradient descent
    with step size eta is stable while sharpness < 2 / eta; of other optimisers it is the curvature
    alone. The error is at most 1e-6 of the sharpness, beside rounding of ||H||_2.
    """
    from sparsestep.measures import autograd

    parameters = network.parameter_count

    def of_chunk(row: int, theta: np.ndarray) -> np.ndarray:
        x, y = problem.of_replicate("x_train", row), problem.of_replicate("y_train", row)
        product = autograd.hessian_product(network, theta, x, y)
        return largest_eigenvalues(product, len(theta), parameters)[:, None]

    activations = problem.x_train.shape[1] * sum(network.sizes)
    numbers_each = _VECTORS * parameters + activations
    return measure_chunks(trajectory, network, columns(options), of_chunk, numbers_each, threads)
