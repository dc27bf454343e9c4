"""The small networks and their losses as functions that torch differentiates.

Replicates or snapshots lie along the first axis, R, of parameters (R, P): a layer is one batched
matrix product for all of them, and the gradient of the sum of their losses holds the gradient of
each. The parameters are handed over in parts, views of theta: of an mlp the weight (R, out, in) and
the bias (R, out) of each layer, of a diagonal network u and v, (R, d).
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "leaky_relu": functional.leaky_relu,
    "tanh": torch.tanh,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "identity": lambda values: values,
}


class Form:
    """A network, as `models.from_spec` builds it, for torch.

    Attributes:
        shapes: of each part of theta, in order.
        matrices: which of them are weights of hidden layers.
        loss: "squared", "logistic" or "cross_entropy".
    """

    def __init__(self, network):
        self._network = network
        self._is_diagonal = not hasattr(network, "shapes")
        self.loss = getattr(network.spec, "loss", "squared")
        self.shapes, self.matrices = [], []
        if self._is_diagonal:
            self.shapes = [(network.dimension,)] * 2
            return
        self._activation = ACTIVATIONS[getattr(network.spec, "activation", "relu")]
        for layer, (outputs, inputs, has_bias) in enumerate(network.shapes, start=1):
            if layer < len(network.shapes):
                self.matrices.append(len(self.shapes))
            self.shapes += [(outputs, inputs), (outputs,)][: 1 + has_bias]

    def parts(self, theta: Tensor) -> list[Tensor]:
        """Views of theta (R, P), each (R, *shape)."""
        found, start = [], 0
        for shape in self.shapes:
            stop = start + int(np.prod(shape))
            found.append(theta[:, start:stop].reshape(len(theta), *shape))
            start = stop
        return found

    def outputs(self, parts: list[Tensor], x: Tensor) -> Tensor:
        """h, (R, m, outputs), of these parts on inputs x (R or 1, m, d)."""
        return self.layers(parts, x)[-1]

    def layers(self, parts: list[Tensor], x: Tensor) -> list[Tensor]:
        """Activations of each hidden layer and, last, h: each (R, m, width)."""
        values = x.expand(len(parts[0]), -1, -1)
        if self._is_diagonal:
            return [torch.bmm(values, (parts[0] * parts[1])[:, :, None])]
        found, rest = [], iter(parts)
        for layer, (_, _, has_bias) in enumerate(self._network.shapes, start=1):
            weight = next(rest).transpose(1, 2)
            if has_bias:
                values = torch.baddbmm(next(rest)[:, None, :], values, weight)
            else:
                values = torch.bmm(values, weight)
            if layer < len(self._network.shapes):
                values = self._activation(values)
            found.append(values)
        return found

    def sample_losses(self, h: Tensor, y: Tensor) -> Tensor:
        """Loss of each sample, (R, m), of outputs h (R, m, outputs) with labels y (R or 1, m).

        - squared: c (h - y)^2, c the network's `loss_factor`;
        - logistic: log(1 + exp(-s h)), s = 1 where y > 0, else -1;
        - cross_entropy: log sum_k exp(h_k) - h_y, y the number of the class, from 0 on. Of two
          classes, 1 where y > 0, so that they may also be -1 and 1.
        """
        if self.loss == "squared":
            return self._network.loss_factor * (h[..., 0] - y).square()
        if self.loss == "logistic":
            return -functional.logsigmoid(torch.where(y > 0, h[..., 0], -h[..., 0]))
        classes = class_numbers(y, h.shape[-1]).expand(h.shape[:-1])
        losses = functional.cross_entropy(h.flatten(0, 1), classes.flatten(), reduction="none")
        return losses.reshape(h.shape[:-1])

    def wrong(self, h: Tensor, y: Tensor) -> Tensor:
        """Whether a sample is put into a wrong class, (R, m), bool.

        The class of an output h is 1 where h > 0, else -1; that of several the largest one's.
        """
        if self.loss == "logistic":
            return (h[..., 0] > 0) != (y > 0)
        return h.argmax(dim=-1) != class_numbers(y, h.shape[-1])


def class_numbers(y: Tensor, classes: int) -> Tensor:
    """Numbers of the classes, int64, of labels that are floats; of two, -1 counts as 0."""
    return (y > 0).long() if classes == 2 else y.long()


def outputs_of(network, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """h, (S, n, outputs), of parameters (S, P) on (n, d), float64."""
    return _layers_of(network, theta, x)[-1]


def features_of(network, theta: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
    """Activations of each hidden layer, (S, n, width), of parameters (S, P) on (n, d), float64."""
    return _layers_of(network, theta, x)[:-1]


def _layers_of(network, theta: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
    form = Form(network)
    with torch.no_grad():
        parts = form.parts(tensor(theta))
        return [values.numpy() for values in form.layers(parts, tensor(x)[None])]


def tensor(values: np.ndarray) -> Tensor:
    """A copy for torch."""
    return torch.tensor(np.asarray(values))
