"""The Hessian of a ReLU network's training loss, as products with vectors, for many snapshots."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sparsestep.measures import backpropagation

if TYPE_CHECKING:
    from sparsestep.models.mlp import Network as Mlp


def hessian_product(
    network: "Mlp", theta: np.ndarray, x: np.ndarray, y: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """The function v -> H v of (C, P) -> (C, P), for parameters theta (C, P), x (n, d), y (n,).

    H is the Hessian of (c/n) sum_i r_i^2, r_i = h(x_i) - y_i and c the network's `loss_factor`:
    (2c/n) (phi^T phi + sum_i r_i Hess h(x_i)). The product is the derivative of the loss's gradient
    in the direction v (Pearlmutter 1994, Fast exact multiplication by the Hessian): one forward and
    one backward pass, with the derivative of each quantity beside it. relu has second derivative 0.
    """
    forward, backward = backpropagation.passes(network, theta, x)
    weights = [weight for weight, _ in network.layers(theta)]
    gates = [(activations > 0).astype(float) for activations in forward[1:]]
    factor = 2 * network.loss_factor / len(x)
    errors = factor * (network.predict(theta, x) - y)[..., None]
    backward = [deltas * errors for deltas in backward]

    def product(direction: np.ndarray) -> np.ndarray:
        turned = network.layers(direction)
        tangents = _forward(forward, gates, weights, turned)
        # What flows back through each layer, differentiated.
        flow = factor * tangents[-1]
        blocks = []
        for index in reversed(range(len(weights))):
            change = _transposed(flow) @ forward[index]
            if index > 0:
                change += _transposed(backward[index]) @ tangents[index - 1]
            if turned[index][1] is not None:
                blocks.append(flow.sum(axis=1))
            blocks.append(change.reshape(len(theta), -1))
            if index > 0:
                flow = flow @ weights[index] + backward[index] @ turned[index][0]
                flow *= gates[index - 1]
        return np.concatenate(blocks[::-1], axis=1)

    return product


def _forward(inputs: list, gates: list, weights: list, turned: list) -> list[np.ndarray]:
    """Derivatives of the activations of each hidden layer and of the output, (C, n, width)."""
    tangents = []
    for index, (weight, bias) in enumerate(turned):
        tangent = inputs[index] @ _transposed(weight)
        if bias is not None:
            tangent += bias[:, None, :]
        if index > 0:
            tangent += tangents[-1] @ _transposed(weights[index])
        if index < len(gates):
            tangent *= gates[index]
        tangents.append(tangent)
    return tangents


def _transposed(matrices: np.ndarray) -> np.ndarray:
    return np.swapaxes(matrices, 1, 2)
