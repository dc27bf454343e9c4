"""Compiled full-batch descent on ReLU networks of any depth, with or without label noise.

The loss is (1/n) sum_i (h(x_i) - y_i)^2. What an update is: `full_batch.py`. Networks with one
hidden layer go to `mlp_two_layer_descent.py`. In deeper ones, samples lie side by side in vector
lanes, so that a weight is loaded once for eight of them and each derivative is one sum over
samples; a loop over samples that adds to the gradient of every parameter takes five times as long.
The bits are the same on any processor: `arithmetic/vectors.py`. In float32 (sixteen lanes), what
reaches the kernel in float64, 2 gamma / n and the noise, is rounded to it there.
"""

import numpy as np

from sparsestep.arithmetic import vectors
from sparsestep.arithmetic.vectors import (
    jit,
    lanes_of,
    load,
    plus,
    plus_product,
    rectified,
    spread,
    store,
    total,
    where_positive,
    zero,
)
from sparsestep.artifacts.arrays import Problem
from sparsestep.training import full_batch, mlp_two_layer_descent, precision


def train(problem, spec, step_sizes, snapshots, threads, train_loss=None):
    """Parameters at the snapshots and where each replicate diverged; see `full_batch.train`."""
    one_hidden_layer = len(spec["model"]["widths"]) == 1
    descent = mlp_two_layer_descent.Descent if one_hidden_layer else Descent
    return full_batch.train(descent, problem, spec, step_sizes, snapshots, threads, train_loss)


class Descent:
    """One replicate on its way."""

    def __init__(self, network, problem: Problem, row: int):
        x = problem.of_replicate("x_train", row)
        self._y = problem.of_replicate("y_train", row)
        self._theta = problem.of_replicate("theta0", row).copy()
        self._sizes = np.array(network.sizes)
        self._biases = np.array([has_bias for *_, has_bias in network.shapes])
        self.samples = len(x)
        # (units of all layers below each other, samples filled up to whole vectors). Lanes
        # without a sample stay out of it, because nothing comes back through them.
        dtype = self._theta.dtype
        width = -(-len(x) // vectors.lanes(dtype)) * vectors.lanes(dtype)
        self._active = vectors.zeros(sum(network.sizes), width, dtype=dtype)
        self._active[: x.shape[1], : len(x)] = x.T
        self._back = vectors.zeros(*self._active.shape, dtype=dtype)
        self._exploded = precision.exploded(dtype)

    def parameters(self) -> np.ndarray:
        """theta, (P,)."""
        return self._theta

    def advance(self, step_sizes, noise, multiplicative) -> int:
        """Make the updates; see `full_batch.py`."""
        return _descend(
            self._y,
            step_sizes,
            noise.astype(self._theta.dtype, copy=False),
            multiplicative,
            self._exploded,
            self._sizes,
            self._biases,
            self._theta,
            self._active,
            self._back,
        )


@jit
def _descend(y, step_sizes, noise, multiplicative, limit, sizes, biases, theta, active, back):
    n = y.shape[0]
    layers = sizes.shape[0] - 1
    for t in range(step_sizes.shape[0]):
        start, below = 0, 0
        for layer in range(layers):
            inputs, outputs = sizes[layer], sizes[layer + 1]
            hidden = layer < layers - 1
            _forward(theta, active, start, below, inputs, outputs, biases[layer], hidden)
            start += outputs * (inputs + biases[layer])
            below += inputs
        factor = theta.dtype.type(2.0 * step_sizes[t] / n)
        for i in range(n):
            residual = active[below, i] - y[i]
            if noise.shape[0] > 0:
                residual -= noise[t, i] * residual if multiplicative else noise[t, i]
            if not abs(residual) < limit:
                return t
            back[below, i] = factor * residual
        for layer in range(layers - 1, -1, -1):
            inputs, outputs = sizes[layer], sizes[layer + 1]
            start -= outputs * (inputs + biases[layer])
            below -= inputs
            if layer > 0:
                _pull_back(theta, active, back, start, below, inputs, outputs)
            _update(theta, active, back, start, below, inputs, outputs, biases[layer])
    return -1


@jit
def _forward(theta, active, start, below, inputs, outputs, has_bias, hidden):
    """active[below + inputs + o] = sum_k W[o, k] active[below + k] + b[o], rectified if hidden."""
    groups = active.shape[1] // lanes_of(active)
    for o in range(outputs):
        bias = spread(theta[start + outputs * inputs + o]) if has_bias else zero(theta)
        w = start + o * inputs
        for c in range(groups):
            s = bias
            for k in range(inputs):
                s = plus_product(s, spread(theta[w + k]), load(active, (below + k) * groups + c))
            store(active, (below + inputs + o) * groups + c, rectified(s) if hidden else s)


@jit
def _pull_back(theta, active, back, start, below, inputs, outputs):
    """back[below + k] = sum_o W[o, k] back[above + o] where the unit is active; relu'(0) = 0."""
    groups = active.shape[1] // lanes_of(active)
    above = below + inputs
    for k in range(inputs):
        for c in range(groups):
            s = zero(theta)
            for o in range(outputs):
                weight = spread(theta[start + o * inputs + k])
                s = plus_product(s, weight, load(back, (above + o) * groups + c))
            here = (below + k) * groups + c
            store(back, here, where_positive(s, load(active, here)))


@jit
def _update(theta, active, back, start, below, inputs, outputs, has_bias):
    """W[o, k] -= sum_i back[above + o, i] active[below + k, i], and b[o] -= sum_i back."""
    groups = active.shape[1] // lanes_of(active)
    for o in range(outputs):
        above = (below + inputs + o) * groups
        for k in range(inputs):
            s = zero(theta)
            for c in range(groups):
                s = plus_product(s, load(back, above + c), load(active, (below + k) * groups + c))
            theta[start + o * inputs + k] -= total(s)
        if has_bias:
            s = zero(theta)
            for c in range(groups):
                s = plus(s, load(back, above + c))
            theta[start + outputs * inputs + o] -= total(s)
