"""Jacobians and tangent kernels of ReLU networks in NumPy, for many snapshots at once.

Layer l maps its inputs a to z = W a + b; the next layer's inputs are relu(z). Row i of the Jacobian
phi holds, for weight (j, k) of layer l, delta_j(x_i) a_k(x_i), and for bias j, delta_j(x_i), where
delta = dh/dz comes from backpropagation. As in torch, relu has derivative 0 at 0.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from sparsestep.models.mlp import Network as Mlp


class Passes(NamedTuple):
    """What a forward and a backward pass leave, layer by layer, of parameters (C, P) on (n, d)."""

    inputs: list[np.ndarray]  # of each layer: x, (n, d), then activations, (C, n, width)
    deltas: list[np.ndarray]  # dh/dz of each layer, (C, n, outputs)


def passes(network: "Mlp", theta: np.ndarray, x: np.ndarray) -> Passes:
    """Forward and backward pass of h (not of a loss), float64."""
    inputs = [x, *network.features(theta, x)]
    deltas = [np.ones((len(theta), len(x), 1))]
    weights = [weight for weight, _ in network.layers(theta)]
    for weight, activations in zip(weights[:0:-1], inputs[:0:-1], strict=True):
        deltas.append((deltas[-1] @ weight) * (activations > 0))
    return Passes(inputs, deltas[::-1])


def folded_jacobian(network: "Mlp", theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """A matrix (C, n, P - m) with the same phi phi^T, m the width of the last hidden layer.

    For a unit of that layer with incoming parameters w (weights and bias, k in all), inputs a (1
    appended for the bias), activation s = relu(w a) and outgoing weight v, phi has k columns
    v 1[s > 0] a and one column s. That is 1[s > 0] a times the k x (k + 1) matrix [v I, w], and

        [v I, w] [v I, w]^T = v^2 I + w w^T = (|v| I + w w^T / (sqrt(v^2 + |w|^2) + |v|))^2,

    so that the k columns |v| 1[s > 0] a + s w / (sqrt(v^2 + |w|^2) + |v|) replace all k + 1.
    """
    forward, backward = passes(network, theta, x)
    blocks = []
    for (_, _, has_bias), inputs, deltas in zip(
        network.shapes[:-2], forward[:-2], backward[:-2], strict=True
    ):
        blocks.append(_outer(deltas, inputs))
        if has_bias:
            blocks.append(deltas)
    blocks.append(_folded(network, theta, *forward[-2:]))
    if network.shapes[-1][2]:
        blocks.append(backward[-1])
    return np.concatenate(blocks, axis=2) if len(blocks) > 1 else blocks[0]


def _folded(
    network: "Mlp", theta: np.ndarray, inputs: np.ndarray, activations: np.ndarray
) -> np.ndarray:
    """The last hidden layer's and the output weights' part of `folded_jacobian`, (C, n, k * m)."""
    (weight, bias), (outgoing, _) = network.layers(theta)[-2:]
    if bias is not None:
        weight = np.concatenate([weight, bias[..., None]], axis=2)
        inputs = np.concatenate([inputs, np.ones((*inputs.shape[:-1], 1))], axis=-1)
    v = np.abs(outgoing[:, 0])
    root = (np.hypot(v, np.linalg.norm(weight, axis=2)) + v)[..., None]
    scaled = np.divide(weight, root, out=np.zeros_like(weight), where=root > 0)
    gated = (activations > 0) * v[:, None, :]
    # All units for the first input, then for the second, ...: rows long enough to be fast.
    columns = np.empty((*activations.shape[:2], weight.shape[2], activations.shape[2]))
    for k in range(weight.shape[2]):
        np.multiply(gated, inputs[..., k, None], out=columns[:, :, k])
        columns[:, :, k] += activations * scaled[:, None, :, k]
    return columns.reshape(*activations.shape[:2], -1)


def tangent_kernel(network: "Mlp", theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """phi phi^T, (C, n, n), without phi.

    The sum over layers of (delta delta^T) * (a a^T + 1), entry by entry; no 1 without biases.
    """
    forward, backward = passes(network, theta, x)
    kernel = np.zeros((len(theta), len(x), len(x)))
    for (_, _, has_bias), inputs, deltas in zip(network.shapes, forward, backward, strict=True):
        products = inputs @ np.swapaxes(inputs, -1, -2) + float(has_bias)
        kernel += (deltas @ np.swapaxes(deltas, 1, 2)) * products
    return kernel


def _outer(deltas: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """delta_j a_k for every sample, (C, n, outputs * inputs)."""
    products = deltas[..., None] * inputs[..., None, :]
    return products.reshape(*deltas.shape[:2], -1)
