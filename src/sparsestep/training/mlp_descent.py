"""Compiled full-batch descent on ReLU networks of any depth, with or without label noise.

The loss is (1/n) sum_i (h(x_i) - y_i)^2. What an update is: `full_batch.py`. Networks with one
hidden layer go to `mlp_two_layer_descent.py`. In deeper ones, samples lie side by side in groups of
eight vector lanes, so that a weight is loaded once for eight of them and each derivative is one sum
over samples; a loop over samples that adds to the gradient of every parameter takes five times as
long.
"""

import numba
import numpy as np

from sparsestep.artifacts.arrays import Problem
from sparsestep.training import full_batch, mlp_two_layer_descent

LANES = 8
# A residual beyond this can only grow: the replicate has diverged.
EXPLODED = 1e100


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
        # (units of all layers below each other, groups, lanes). Lanes without a sample stay out of
        # it, because nothing comes back through them.
        groups = -(-len(x) // LANES)
        active = np.zeros((sum(network.sizes), groups * LANES))
        active[: x.shape[1], : len(x)] = x.T
        self._active = active.reshape(len(active), groups, LANES)
        self._back = np.zeros_like(self._active)

    def parameters(self) -> np.ndarray:
        """theta, (P,)."""
        return self._theta

    def advance(self, step_sizes, noise, multiplicative) -> int:
        """Make the updates; see `full_batch.py`."""
        return _descend(
            self._y,
            step_sizes,
            noise,
            multiplicative,
            self._sizes,
            self._biases,
            self._theta,
            self._active,
            self._back,
        )


# Eight scalars side by side become vector operations by LLVM's SLP vectoriser, which numba leaves
# off (0.7 of the time). With `reassoc`, the loop vectoriser would come first and gather across
# lanes (1.6 times the time); `contract` makes fused multiply-adds.
numba.config.SLP_VECTORIZE = 1
_jit = numba.njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")


@_jit
def _descend(y, step_sizes, noise, multiplicative, sizes, biases, theta, active, back):
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
        factor = 2.0 * step_sizes[t] / n
        for i in range(n):
            c, lane = i // LANES, i % LANES
            residual = active[below, c, lane] - y[i]
            if noise.shape[0] > 0:
                residual -= noise[t, i] * residual if multiplicative else noise[t, i]
            if not abs(residual) < EXPLODED:
                return t
            back[below, c, lane] = factor * residual
        for layer in range(layers - 1, -1, -1):
            inputs, outputs = sizes[layer], sizes[layer + 1]
            start -= outputs * (inputs + biases[layer])
            below -= inputs
            if layer > 0:
                _pull_back(theta, active, back, start, below, inputs, outputs)
            _update(theta, active, back, start, below, inputs, outputs, biases[layer])
    return -1


@_jit
def _forward(theta, active, start, below, inputs, outputs, has_bias, rectified):
    """active[below + inputs + o] = sum_k W[o, k] active[below + k] + b[o], rectified if hidden."""
    for o in range(outputs):
        bias = theta[start + outputs * inputs + o] if has_bias else 0.0
        w = start + o * inputs
        for c in range(active.shape[1]):
            s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = bias
            for k in range(inputs):
                weight = theta[w + k]
                a = active[below + k, c]
                s0, s1, s2, s3 = (
                    s0 + weight * a[0], s1 + weight * a[1], s2 + weight * a[2], s3 + weight * a[3]
                )  # fmt: skip
                s4, s5, s6, s7 = (
                    s4 + weight * a[4], s5 + weight * a[5], s6 + weight * a[6], s7 + weight * a[7]
                )  # fmt: skip
            if rectified:
                s0, s1, s2, s3 = max(s0, 0.0), max(s1, 0.0), max(s2, 0.0), max(s3, 0.0)
                s4, s5, s6, s7 = max(s4, 0.0), max(s5, 0.0), max(s6, 0.0), max(s7, 0.0)
            z = active[below + inputs + o, c]
            z[0], z[1], z[2], z[3], z[4], z[5], z[6], z[7] = s0, s1, s2, s3, s4, s5, s6, s7


@_jit
def _pull_back(theta, active, back, start, below, inputs, outputs):
    """back[below + k] = sum_o W[o, k] back[above + o] where the unit is active; relu'(0) = 0."""
    above = below + inputs
    for k in range(inputs):
        for c in range(back.shape[1]):
            s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
            for o in range(outputs):
                weight = theta[start + o * inputs + k]
                b = back[above + o, c]
                s0, s1, s2, s3 = (
                    s0 + weight * b[0], s1 + weight * b[1], s2 + weight * b[2], s3 + weight * b[3]
                )  # fmt: skip
                s4, s5, s6, s7 = (
                    s4 + weight * b[4], s5 + weight * b[5], s6 + weight * b[6], s7 + weight * b[7]
                )  # fmt: skip
            h, z = active[below + k, c], back[below + k, c]
            z[0], z[1] = s0 if h[0] > 0.0 else 0.0, s1 if h[1] > 0.0 else 0.0
            z[2], z[3] = s2 if h[2] > 0.0 else 0.0, s3 if h[3] > 0.0 else 0.0
            z[4], z[5] = s4 if h[4] > 0.0 else 0.0, s5 if h[5] > 0.0 else 0.0
            z[6], z[7] = s6 if h[6] > 0.0 else 0.0, s7 if h[7] > 0.0 else 0.0


@_jit
def _update(theta, active, back, start, below, inputs, outputs, has_bias):
    """W[o, k] -= sum_i back[above + o, i] active[below + k, i], and b[o] -= sum_i back."""
    above = below + inputs
    for o in range(outputs):
        b = back[above + o]
        for k in range(inputs):
            theta[start + o * inputs + k] -= _dot(b, active[below + k])
        if has_bias:
            total = 0.0
            for c in range(b.shape[0]):
                for lane in range(LANES):
                    total += b[c, lane]
            theta[start + outputs * inputs + o] -= total


@_jit
def _dot(a, b):
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    for c in range(a.shape[0]):
        p, q = a[c], b[c]
        s0, s1, s2, s3 = s0 + p[0] * q[0], s1 + p[1] * q[1], s2 + p[2] * q[2], s3 + p[3] * q[3]
        s4, s5, s6, s7 = s4 + p[4] * q[4], s5 + p[5] * q[5], s6 + p[6] * q[6], s7 + p[7] * q[7]
    return ((s0 + s4) + (s1 + s5)) + ((s2 + s6) + (s3 + s7))
