"""Compiled full-batch descent on diagonal linear networks, with or without label noise.

The loss is (1/2n) sum_i (<u * v, x_i> - y_i)^2; see `tests/support/oracles.py` for plain NumPy.
What an update is: `full_batch.py`. The bits are the same on any processor: `arithmetic/vectors.py`.
"""

import numpy as np

from sparsestep.arithmetic import vectors
from sparsestep.arithmetic.vectors import (
    jit,
    lanes_of,
    load,
    plus_product,
    spread,
    store,
    total,
    zero,
)
from sparsestep.artifacts.arrays import Problem
from sparsestep.training import full_batch

# A residual beyond this can only grow: the replicate has diverged. Checked before it overflows,
# so that nothing is ever computed with infinities.
EXPLODED = 1e100
# Samples in a pass: with fewer, loading the weights would take longer than computing with them.
_TOGETHER = 4


def train(problem, spec, step_sizes, snapshots, threads, train_loss=None):
    """Parameters at the snapshots and where each replicate diverged; see `full_batch.train`."""
    return full_batch.train(Descent, problem, spec, step_sizes, snapshots, threads, train_loss)


class Descent:
    """One replicate on its way."""

    def __init__(self, network, problem: Problem, row: int):
        x = problem.of_replicate("x_train", row)
        self.samples, self._inputs = x.shape
        # Samples that are not there have inputs, labels and so residuals of zero.
        missing = -self.samples % _TOGETHER
        self._x = vectors.padded(np.pad(x, ((0, missing), (0, 0))))
        self._y = np.pad(problem.of_replicate("y_train", row), (0, missing))
        self._u, self._v = vectors.padded(problem.of_replicate("theta0", row).reshape(2, -1))
        # beta, and sums over samples of residual * input.
        self._room = vectors.zeros(2, self._u.size)

    def parameters(self) -> np.ndarray:
        """theta, (2d,)."""
        return np.concatenate([self._u[: self._inputs], self._v[: self._inputs]])

    def advance(self, step_sizes, noise, multiplicative) -> int:
        """Make the updates; see `full_batch.py`."""
        return _descend(
            self._x,
            self._y,
            self._u,
            self._v,
            self._room,
            self.samples,
            step_sizes,
            noise,
            multiplicative,
        )


@jit
def _descend(x, y, u, v, room, samples, step_sizes, noise, multiplicative):
    """u -= (gamma/n) sum_i (h_i - y_i - zeta_i) x_i v,  and the same for v with u."""
    beta, weighted = room[0], room[1]
    # residual_i - zeta_i = factor_i residual_i - shift_i
    factor = np.ones(x.shape[0])
    shift = np.zeros(x.shape[0])
    for t in range(step_sizes.shape[0]):
        if noise.shape[0] > 0 and multiplicative:
            for i in range(samples):
                factor[i] = 1.0 - noise[t, i]
        elif noise.shape[0] > 0:
            shift[:samples] = noise[t]
        for j in range(u.shape[0]):
            # Scaled, so that the product is never subnormal; what vanished counts as zero, NaN not.
            scaled = (u[j] * 1e100) * v[j]
            beta[j] = 0.0 if abs(scaled) <= 1e-190 else scaled * 1e-100
            weighted[j] = 0.0
        for i in range(0, x.shape[0], 4):
            if not _add_four(x, y, beta, weighted, factor, shift, i):
                return t
        step = step_sizes[t] / samples
        for j in range(u.shape[0]):
            slope = step * weighted[j]
            u_j = u[j]
            v_j = v[j]
            u[j] = u_j - slope * v_j
            v[j] = v_j - slope * u_j
    return -1


@jit
def _add_four(x, y, beta, weighted, factor, shift, i):
    """weighted += sum of noisy residual * x over samples i to i + 3; False if one exploded."""
    rows = beta.shape[0] // lanes_of(beta)
    first = i * rows
    second, third, fourth = first + rows, first + 2 * rows, first + 3 * rows
    a, b, c, d = zero(beta), zero(beta), zero(beta), zero(beta)
    for j in range(rows):
        beta_j = load(beta, j)
        a = plus_product(a, beta_j, load(x, first + j))
        b = plus_product(b, beta_j, load(x, second + j))
        c = plus_product(c, beta_j, load(x, third + j))
        d = plus_product(d, beta_j, load(x, fourth + j))
    r0 = factor[i] * (total(a) - y[i]) - shift[i]
    r1 = factor[i + 1] * (total(b) - y[i + 1]) - shift[i + 1]
    r2 = factor[i + 2] * (total(c) - y[i + 2]) - shift[i + 2]
    r3 = factor[i + 3] * (total(d) - y[i + 3]) - shift[i + 3]
    a, b, c, d = spread(r0), spread(r1), spread(r2), spread(r3)
    for j in range(rows):
        sum_j = plus_product(load(weighted, j), a, load(x, first + j))
        sum_j = plus_product(sum_j, b, load(x, second + j))
        sum_j = plus_product(sum_j, c, load(x, third + j))
        store(weighted, j, plus_product(sum_j, d, load(x, fourth + j)))
    return _is_small(r0) and _is_small(r1) and _is_small(r2) and _is_small(r3)


@jit
def _is_small(residual):
    # NaN is not.
    return abs(residual) < EXPLODED
