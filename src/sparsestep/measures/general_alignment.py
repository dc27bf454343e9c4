"""Labels outside the kernel's top directions, of networks with any activation and loss."""

from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.measures import label_alignment
from sparsestep.measures.label_alignment import Spec, columns, mistakes
from sparsestep.measures.snapshots import measure_chunks

if TYPE_CHECKING:
    from sparsestep.models.general_mlp import Network

__all__ = ["Spec", "columns", "measure", "mistakes"]


def measure(
    problem: Problem, trajectory: Trajectory, network: "Network", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """Of K = phi phi^T, (n c, n c), c the number of outputs; each (R, S).

    Row (i, k) of phi is grad_theta of output k at the training input x_i. The columns are those of
    `label_alignment.measure`. The labels are a number for each row (`targets`); the residual
    (h(x_i) - y_i there) is the derivative of the sample's loss by its outputs: h(x_i) - y_i of the
    squared loss, but for a factor that no share depends on.

    Raises ValueError if an r is larger than n c.
    """
    from sparsestep.measures import autograd

    rows = problem.x_train.shape[1] * network.sizes[-1]
    label_alignment.check(options, rows)

    def of_chunk(row: int, theta: np.ndarray) -> np.ndarray:
        x, y = problem.of_replicate("x_train", row), problem.of_replicate("y_train", row)
        phi = autograd.jacobian(network, theta, x)
        residuals = autograd.output_gradients(network, theta, x, y)
        kernels = phi @ np.swapaxes(phi, 1, 2)
        return label_alignment.of_kernels(kernels, targets(network, y), residuals, options)

    numbers_each = rows * max(rows, network.parameter_count)
    return measure_chunks(trajectory, network, columns(options), of_chunk, numbers_each, threads)


def targets(network: "Network", y: np.ndarray) -> np.ndarray:
    """Labels (n,) as the loss compares them with the outputs, (n c,), float64.

    Of loss squared y itself; logistic, 1 where y > 0, else -1; cross_entropy, one-hot: 1 in the row
    of a sample and its class, else 0.
    """
    loss, outputs = network.spec.loss, network.sizes[-1]
    if loss == "squared":
        return y
    if loss == "logistic":
        return np.where(y > 0, 1.0, -1.0)
    # Of two classes also -1 and 1.
    classes = (y > 0).astype(int) if outputs == 2 else y.astype(int)
    return np.eye(outputs)[classes].ravel()
