"""Compiled full-batch descent on ReLU networks with one hidden layer: loops over hidden units.

What an update is: `full_batch.py`. The first layer's weights are kept as (inputs, units), so that
every inner loop is contiguous and vectorised; with 100 units and 12 samples that takes a third of
the time of vector lanes over samples (`mlp_descent.py`).
"""

import numba
import numpy as np

from sparsestep.artifacts.arrays import Problem

# A residual beyond this can only grow: the replicate has diverged.
EXPLODED = 1e100


class Descent:
    """One replicate on its way."""

    def __init__(self, network, problem: Problem, row: int):
        self._network = network
        self._x = problem.of_replicate("x_train", row)
        self._y = problem.of_replicate("y_train", row)
        self._theta = problem.of_replicate("theta0", row).copy()
        self.samples = len(self._y)
        (w1, b1), (w2, b2) = network.layers(self._theta)
        # What a network does not have stays zero: it is updated only where `has_...` says so.
        self._has_bias = (b1 is not None, b2 is not None)
        self._state = (
            np.array(w1.T, order="C"),
            np.zeros(len(w1)) if b1 is None else b1.copy(),
            w2[0].copy(),
            np.zeros(1) if b2 is None else b2.copy(),
        )

    def parameters(self) -> np.ndarray:
        """theta, (P,)."""
        (w1, b1), (w2, b2) = self._network.layers(self._theta)
        parts = (w1.T, b1, w2[0], b2)
        for part, now in zip(parts, self._state, strict=True):
            if part is not None:
                part[:] = now
        return self._theta

    def advance(self, step_sizes, noise, multiplicative) -> int:
        """Make the updates; see `full_batch.py`."""
        return _descend(
            self._x, self._y, step_sizes, noise, multiplicative, self._has_bias, self._state
        )


_jit = numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract"}, error_model="numpy")


@_jit
def _descend(x, y, step_sizes, noise, multiplicative, has_bias, state):
    w1, b1, w2, b2 = state
    n, d = x.shape
    m = w2.shape[0]
    active, back = np.zeros(m), np.zeros(m)
    # Sums over samples of residual * activation, * 1[active], * 1[active] * input, and alone.
    to_w2, to_b1, to_w1 = np.zeros(m), np.zeros(m), np.zeros((d, m))
    for t in range(step_sizes.shape[0]):
        to_w2[:] = 0.0
        to_b1[:] = 0.0
        to_w1[:] = 0.0
        to_b2 = 0.0
        for i in range(n):
            residual = _predict(x, i, w1, b1, w2, active) + b2[0] - y[i]
            if noise.shape[0] > 0:
                residual -= noise[t, i] * residual if multiplicative else noise[t, i]
            if not abs(residual) < EXPLODED:
                return t
            for j in range(m):
                back[j] = residual if active[j] > 0.0 else 0.0
                to_w2[j] += residual * active[j]
                to_b1[j] += back[j]
            for k in range(d):
                for j in range(m):
                    to_w1[k, j] += back[j] * x[i, k]
            to_b2 += residual
        step = 2.0 * step_sizes[t] / n
        for k in range(d):
            for j in range(m):
                w1[k, j] -= step * w2[j] * to_w1[k, j]
        if has_bias[0]:
            for j in range(m):
                b1[j] -= step * w2[j] * to_b1[j]
        for j in range(m):
            w2[j] -= step * to_w2[j]
        if has_bias[1]:
            b2[0] -= step * to_b2
    return -1


@_jit
def _predict(x, i, w1, b1, w2, active):
    """Activations of the hidden units on sample i, and what they add up to."""
    d, m = w1.shape
    for j in range(m):
        active[j] = w1[0, j] * x[i, 0] + b1[j]
    for k in range(1, d):
        for j in range(m):
            active[j] += w1[k, j] * x[i, k]
    total = 0.0
    for j in range(m):
        active[j] = max(active[j], 0.0)
        total += w2[j] * active[j]
    return total
