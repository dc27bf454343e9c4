"""Sharpness: curvature of the training loss."""

from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed
from sparsestep.measures.hessian import hessian_product
from sparsestep.measures.lanczos import largest_eigenvalues
from sparsestep.measures.snapshots import measure_chunks

if TYPE_CHECKING:
    from sparsestep.models.mlp import Network as Mlp

# Vectors of P numbers that a snapshot's Lanczos iteration usually keeps.
_VECTORS = 50


class Spec(Closed):
    """No options."""


def columns(options: Spec) -> list[str]:
    """What `measure` returns."""
    return ["sharpness"]


def measure(
    problem: Problem, trajectory: Trajectory, network: "Mlp", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """`sharpness`, (R, S): largest eigenvalue of the Hessian H of the training loss.

    The loss is c times the mean square of h(x_i) - y_i over all n training samples, c the network's
    `loss_factor`: 1 for ReLU networks, so that full-batch gradient descent with step size eta is
    stable while sharpness < 2 / eta. relu has second derivative 0 (Cohen et al. 2021, Gradient
    descent on neural networks typically occurs at the edge of stability). The error is at most 1e-6
    of the sharpness, beside rounding of ||H||_2, and in most cases far smaller.
    """
    parameters = network.parameter_count

    def of_chunk(row: int, theta: np.ndarray) -> np.ndarray:
        x, y = problem.of_replicate("x_train", row), problem.of_replicate("y_train", row)
        product = hessian_product(network, theta, x, y)
        return largest_eigenvalues(product, len(theta), parameters)[:, None]

    activations = problem.x_train.shape[1] * sum(network.sizes)
    numbers_each = _VECTORS * parameters + activations
    return measure_chunks(trajectory, network, columns(options), of_chunk, numbers_each, threads)
