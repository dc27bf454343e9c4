"""Compiled full-batch descent on ReLU networks with one hidden layer: loops over hidden units.

What an update is: `full_batch.py`. The first layer's weights are kept as (inputs, units), so that
every row of eight units (sixteen in float32) is a vector; with 100 units and 12 samples that takes
a third of the time of vector lanes over samples (`mlp_descent.py`). The bits are the same on any
processor: `arithmetic/vectors.py`.
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
from sparsestep.training import precision

# Samples in a pass: with fewer, loading weights and sums would take longer than computing.
_TOGETHER = 4


class Descent:
    """One replicate on its way."""

    def __init__(self, network, problem: Problem, row: int):
        self._network = network
        x = problem.of_replicate("x_train", row)
        self.samples, inputs = x.shape
        missing = -self.samples % _TOGETHER
        self._x = np.pad(x, ((0, missing), (0, 0)))
        self._y = np.pad(problem.of_replicate("y_train", row), (0, missing))
        self._theta = problem.of_replicate("theta0", row).copy()
        dtype = self._theta.dtype
        self._exploded = precision.exploded(dtype)
        (w1, b1), (w2, b2) = network.layers(self._theta)
        self._units = w2.shape[1]
        # What a network does not have stays zero: it is updated only where `has_...` says so.
        self._has_bias = (b1 is not None, b2 is not None)
        self._state = (
            vectors.padded(w1.T),
            vectors.padded(np.zeros(self._units, dtype) if b1 is None else b1),
            vectors.padded(w2[0]),
            np.zeros(1, dtype) if b2 is None else b2.copy(),
        )
        # Activations of the samples of a pass, and sums over samples.
        width = self._state[1].size
        self._room = tuple(vectors.zeros(rows, width, dtype=dtype) for rows in (4, 2, inputs))

    def parameters(self) -> np.ndarray:
        """theta, (P,)."""
        (w1, b1), (w2, b2) = self._network.layers(self._theta)
        parts = (w1.T, b1, w2[0], b2)
        for part, now in zip(parts, self._state, strict=True):
            if part is not None:
                part[:] = now[..., : part.shape[-1]]
        return self._theta

    def advance(self, step_sizes, noise, multiplicative) -> int:
        """Make the updates; see `full_batch.py`."""
        return _descend(
            self._x,
            self._y,
            self.samples,
            step_sizes,
            noise.astype(self._theta.dtype, copy=False),
            multiplicative,
            self._exploded,
            self._has_bias,
            self._state,
            self._room,
        )


@jit
def _descend(x, y, samples, step_sizes, noise, multiplicative, limit, has_bias, state, room):
    w1, b1, w2, b2 = state
    # Sums over samples of residual * activation and of residual * 1[active]; of the latter * input.
    active, (to_w2, to_b1), to_w1 = room
    residuals = np.zeros(4, w1.dtype)
    nothing = w1.dtype.type(0.0)
    for t in range(step_sizes.shape[0]):
        room[1][:] = 0.0
        to_w1[:] = 0.0
        to_b2 = nothing
        for i in range(0, x.shape[0], 4):
            _predict_four(x, i, w1, b1, w2, active, residuals)
            for q in range(4):
                residual = residuals[q] + b2[0] - y[i + q]
                if i + q >= samples:
                    residual = nothing
                elif noise.shape[0] > 0:
                    zeta = noise[t, i + q]
                    residual -= zeta * residual if multiplicative else zeta
                if not abs(residual) < limit:
                    return t
                residuals[q] = residual
                to_b2 += residual
            _add_four(x, i, active, residuals, to_w2, to_b1, to_w1)
        step = w1.dtype.type(2.0 * step_sizes[t] / samples)
        for k in range(w1.shape[0]):
            for j in range(w1.shape[1]):
                w1[k, j] -= step * w2[j] * to_w1[k, j]
        if has_bias[0]:
            for j in range(b1.shape[0]):
                b1[j] -= step * w2[j] * to_b1[j]
        for j in range(w2.shape[0]):
            w2[j] -= step * to_w2[j]
        if has_bias[1]:
            b2[0] -= step * to_b2
    return -1


@jit
def _predict_four(x, i, w1, b1, w2, active, out):
    """Activations of the hidden units on samples i to i + 3, and what they add up to."""
    rows = b1.shape[0] // lanes_of(b1)
    sum_a, sum_b, sum_c, sum_d = zero(w1), zero(w1), zero(w1), zero(w1)
    for j in range(rows):
        a = b = c = d = load(b1, j)
        for k in range(x.shape[1]):
            weight = load(w1, k * rows + j)
            a = plus_product(a, weight, spread(x[i, k]))
            b = plus_product(b, weight, spread(x[i + 1, k]))
            c = plus_product(c, weight, spread(x[i + 2, k]))
            d = plus_product(d, weight, spread(x[i + 3, k]))
        a, b, c, d = rectified(a), rectified(b), rectified(c), rectified(d)
        store(active, j, a)
        store(active, rows + j, b)
        store(active, 2 * rows + j, c)
        store(active, 3 * rows + j, d)
        weight = load(w2, j)
        sum_a, sum_b = plus_product(sum_a, weight, a), plus_product(sum_b, weight, b)
        sum_c, sum_d = plus_product(sum_c, weight, c), plus_product(sum_d, weight, d)
    out[0], out[1], out[2], out[3] = total(sum_a), total(sum_b), total(sum_c), total(sum_d)


@jit
def _add_four(x, i, active, residuals, to_w2, to_b1, to_w1):
    """Add samples i to i + 3 to the sums over samples."""
    rows = to_w2.shape[0] // lanes_of(to_w2)
    r0, r1 = spread(residuals[0]), spread(residuals[1])
    r2, r3 = spread(residuals[2]), spread(residuals[3])
    for j in range(rows):
        a, b = load(active, j), load(active, rows + j)
        c, d = load(active, 2 * rows + j), load(active, 3 * rows + j)
        to_here = plus_product(plus_product(load(to_w2, j), r0, a), r1, b)
        store(to_w2, j, plus_product(plus_product(to_here, r2, c), r3, d))
        a, b = where_positive(r0, a), where_positive(r1, b)
        c, d = where_positive(r2, c), where_positive(r3, d)
        store(to_b1, j, plus(load(to_b1, j), plus(plus(a, b), plus(c, d))))
        for k in range(x.shape[1]):
            here = load(to_w1, k * rows + j)
            here = plus_product(plus_product(here, a, spread(x[i, k])), b, spread(x[i + 1, k]))
            here = plus_product(here, c, spread(x[i + 2, k]))
            store(to_w1, k * rows + j, plus_product(here, d, spread(x[i + 3, k])))
