"""Labels outside the kernel's top directions, of diagonal linear networks."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.measures import label_alignment
from sparsestep.measures.label_alignment import Spec, columns, mistakes

if TYPE_CHECKING:
    from sparsestep.models.diagonal import Network as Diagonal

__all__ = ["Spec", "columns", "measure", "mistakes"]

# Kernels of so many numbers are decomposed together.
_CHUNK = 2**19


def measure(
    problem: Problem, trajectory: Trajectory, network: "Diagonal", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """Of K = phi phi^T = X diag(u^2 + v^2) X^T, (n, n), on the n training inputs X; each (R, S).

    phi = [X diag(v), X diag(u)]. The columns are those of `label_alignment.measure`, which depend
    on no factor of K: it is divided by the largest u^2 + v^2, so that no square overflows.

    Raises ValueError if an r is larger than n.
    """
    n = problem.x_train.shape[1]
    label_alignment.check(options, n)
    size = max(1, _CHUNK // (n * max(n, network.dimension)))

    def of_replicate(row: int) -> np.ndarray:
        x, y = problem.of_replicate("x_train", row), problem.of_replicate("y_train", row)
        parameters = trajectory.parameters[row]
        found = np.full((len(parameters), len(columns(options))), np.nan)
        finite = np.flatnonzero(np.isfinite(parameters).all(axis=1))
        for start in range(0, len(finite), size):
            chunk = finite[start : start + size]
            kernels = _kernels(network, parameters[chunk], x)
            residuals = network.predict(parameters[chunk], x) - y
            found[chunk] = label_alignment.of_kernels(kernels, y, residuals, options)
        return found

    with ThreadPoolExecutor(threads) as pool:
        found = np.stack(list(pool.map(of_replicate, range(len(trajectory.parameters)))))
    return {name: found[..., column] for column, name in enumerate(columns(options))}


def _kernels(network: "Diagonal", theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """phi phi^T, (C, n, n), divided by the largest u^2 + v^2."""
    scales = np.hypot(*network.split(theta))
    largest = scales.max(axis=1, keepdims=True)
    scaled = x * (scales / np.where(largest > 0, largest, 1.0))[:, None, :]
    return scaled @ np.swapaxes(scaled, 1, 2)
