"""The loss of the small networks."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sparsestep.contracts import Network


def mean_squared_loss(
    network: "Network", theta: np.ndarray, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """Loss, (S,), of parameters (S, P) on samples (n, d): loss_factor (1/n) sum_i (h(x_i) - y_i)^2.

    The network's factor is 1/2 for diagonal networks (paper: section 3), 1 for ReLU networks.
    """
    return network.loss_factor * np.mean((network.predict(theta, x) - y) ** 2, axis=-1)
