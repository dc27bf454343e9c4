"""The neural tangent kernel on the training inputs: how far it moves, and what it can still fit."""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed, PositiveInt
from sparsestep.measures import backpropagation
from sparsestep.measures.snapshots import measure_chunks

if TYPE_CHECKING:
    from sparsestep.models.mlp import Network as Mlp

# Eigenvalues that are so small beside the largest are 0 but for rounding: which vectors belong to
# them is anybody's choice, and gradient flow removes nothing along them.
_ZERO = 1e-13


class Spec(Closed):
    """How many eigenvectors count as the top ones."""

    top: PositiveInt = Field(
        default=3, description="eigenvectors of the kernel; column residual_share_top"
    )


def columns(options: Spec) -> list[str]:
    """What `measure` returns."""
    return ["kernel_drift", "kernel_min_eigenvalue", "residual_share_top"]


def measure(
    problem: Problem, trajectory: Trajectory, network: "Mlp", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """Of K_t = phi phi^T, (n, n), on the n training inputs (not divided by n), each (R, S).

    Row i of phi is grad_theta h(x_i) (Jacot et al. 2018, Neural tangent kernel).

    - `kernel_drift`: ||K_t - K_0||_F / ||K_0||_F, K_0 at the initial parameters; NaN if K_0 is 0;
    - `kernel_min_eigenvalue`: not negative; accurate to about 1e-15 times the largest eigenvalue;
    - `residual_share_top`: share, in [0, 1], of the squared norm of the residual h(x_i) - y_i that
      lies in the span of the `top` leading eigenvectors of K_t: what gradient flow removes first.
      Of those whose eigenvalue is not 0, if there are fewer, as in a network that has died. NaN
      where the residual is 0.
    """

    def of_chunk(row: int, theta: np.ndarray) -> np.ndarray:
        x, y = problem.of_replicate("x_train", row), problem.of_replicate("y_train", row)
        kernels = backpropagation.tangent_kernel(network, theta, x)
        theta0 = problem.of_replicate("theta0", row)[None]
        initial = backpropagation.tangent_kernel(network, theta0, x)
        drift = _norm(kernels - initial) / (_norm(initial) or np.nan)
        values, vectors = np.linalg.eigh(kernels)
        residuals = network.predict(theta, x) - y
        moving = values > _ZERO * values[:, -1:]
        leading = (vectors * moving[:, None, :])[:, :, -options.top :]
        share = _share(residuals, leading)
        return np.column_stack([drift, np.maximum(values[:, 0], 0.0), share])

    n = problem.x_train.shape[1]
    numbers_each = n * max(n, *network.sizes)
    return measure_chunks(trajectory, network, columns(options), of_chunk, numbers_each, threads)


def _norm(matrices: np.ndarray) -> np.ndarray:
    return np.linalg.norm(matrices, axis=(1, 2))


def _share(residuals: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Share of each residual's squared norm in the span of orthonormal columns (or 0), (C,)."""
    largest = np.abs(residuals).max(axis=1, keepdims=True)
    # Relative, so that the squares do not underflow.
    relative = residuals / np.where(largest > 0, largest, np.nan)
    inside = np.swapaxes(vectors, 1, 2) @ relative[..., None]
    return np.minimum((inside**2).sum(axis=(1, 2)) / (relative**2).sum(axis=1), 1.0)
