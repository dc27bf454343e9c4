"""The tangent kernel of networks with any activation and loss, of one output or several."""

from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.measures import tangent_kernel
from sparsestep.measures.snapshots import measure_chunks
from sparsestep.measures.tangent_kernel import Spec, columns

if TYPE_CHECKING:
    from sparsestep.models.general_mlp import Network

__all__ = ["Spec", "columns", "measure"]


def measure(
    problem: Problem, trajectory: Trajectory, network: "Network", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """Of K_t = phi phi^T, (n c, n c), c the number of outputs; each (R, S).

    Row (i, k) of phi is grad_theta of output k at the training input x_i. `kernel_drift`,
    `kernel_min_eigenvalue` and `residual_share_top` are those of `tangent_kernel.measure`; the
    residual (h(x_i) - y_i there) is the derivative of the sample's loss by its outputs, which is
    what gradient flow moves outputs along, K_t times it.
    """
    from sparsestep.measures import autograd

    def of_chunk(row: int, theta: np.ndarray) -> np.ndarray:
        x, y = problem.of_replicate("x_train", row), problem.of_replicate("y_train", row)
        theta0 = problem.of_replicate("theta0", row)[None]
        (initial,) = _kernels(autograd.jacobian(network, theta0, x))
        kernels = _kernels(autograd.jacobian(network, theta, x))
        drift = np.linalg.norm(kernels - initial, axis=(1, 2))
        drift = drift / (np.linalg.norm(initial) or np.nan)
        values, vectors = np.linalg.eigh(kernels)
        moving = values > tangent_kernel._ZERO * values[:, -1:]
        leading = (vectors * moving[:, None, :])[:, :, -options.top :]
        share = tangent_kernel._share(autograd.output_gradients(network, theta, x, y), leading)
        return np.column_stack([drift, np.maximum(values[:, 0], 0.0), share])

    rows = problem.x_train.shape[1] * network.sizes[-1]
    numbers_each = rows * max(rows, network.parameter_count)
    return measure_chunks(trajectory, network, columns(options), of_chunk, numbers_each, threads)


def _kernels(phi: np.ndarray) -> np.ndarray:
    return phi @ np.swapaxes(phi, 1, 2)
