"""Compiled full-batch descent on diagonal linear networks, with or without label noise.

The loss is (1/2n) sum_i (<u * v, x_i> - y_i)^2; see `tests/support/oracles.py` for plain NumPy.
What an update is: `full_batch.py`.
"""

import numba
import numpy as np

from sparsestep.artifacts.arrays import Problem
from sparsestep.training import full_batch

# A residual beyond this can only grow: the replicate has diverged. Checked before it overflows,
# so that nothing is ever computed with infinities.
EXPLODED = 1e100


def train(problem, spec, step_sizes, snapshots, threads, train_loss=None):
    """Parameters at the snapshots and where each replicate diverged; see `full_batch.train`."""
    return full_batch.train(Descent, problem, spec, step_sizes, snapshots, threads, train_loss)


class Descent:
    """One replicate on its way."""

    def __init__(self, network, problem: Problem, row: int):
        self._x = problem.of_replicate("x_train", row)
        self._y = problem.of_replicate("y_train", row)
        self._theta = problem.of_replicate("theta0", row).copy()
        self.samples = len(self._y)

    def parameters(self) -> np.ndarray:
        """theta, (2d,)."""
        return self._theta

    def advance(self, step_sizes, noise, multiplicative) -> int:
        """Make the updates; see `full_batch.py`."""
        return _descend(self._x, self._y, self._theta, step_sizes, noise, multiplicative)


# `reassoc` lets a sum be vectorised, `contract` makes fused multiply-adds. The rest of fast-math
# stays off: the test for divergence needs NaN to behave.
_jit = numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract"}, error_model="numpy")


@_jit
def _descend(x, y, theta, step_sizes, noise, multiplicative):
    """u -= (gamma/n) sum_i (h_i - y_i - zeta_i) x_i v,  and the same for v with u."""
    n, d = x.shape
    u = theta[:d]
    v = theta[d:]
    beta = np.empty(d)
    weighted = np.empty(d)
    # residual_i - zeta_i = factor_i residual_i - shift_i
    factor = np.ones(n)
    shift = np.zeros(n)
    for t in range(step_sizes.shape[0]):
        if noise.shape[0] > 0 and multiplicative:
            for i in range(n):
                factor[i] = 1.0 - noise[t, i]
        elif noise.shape[0] > 0:
            shift[:] = noise[t]
        for j in range(d):
            # Scaled, so that the product is never subnormal; what vanished counts as zero.
            scaled = (u[j] * 1e100) * v[j]
            beta[j] = scaled * 1e-100 if abs(scaled) > 1e-190 else 0.0
            weighted[j] = 0.0
        largest = 0.0
        for i in range(0, n - 3, 4):
            largest = max(largest, _add_four(x, y, beta, weighted, factor, shift, i))
        for i in range(n - n % 4, n):
            residual = -y[i]
            for j in range(d):
                residual += beta[j] * x[i, j]
            residual = factor[i] * residual - shift[i]
            for j in range(d):
                weighted[j] += residual * x[i, j]
            largest = max(largest, _size(residual))
        if largest >= EXPLODED:
            return t
        step = step_sizes[t] / n
        for j in range(d):
            slope = step * weighted[j]
            u_j = u[j]
            v_j = v[j]
            u[j] = u_j - slope * v_j
            v[j] = v_j - slope * u_j
    return -1


@_jit
def _add_four(x, y, beta, weighted, factor, shift, i):
    """weighted += sum of noisy residual * x over samples i to i + 3; returns the largest of them.

    Four samples a pass, because otherwise loading beta and weighted takes longer than computing.
    """
    r0, r1, r2, r3 = -y[i], -y[i + 1], -y[i + 2], -y[i + 3]
    for j in range(x.shape[1]):
        r0 += beta[j] * x[i, j]
        r1 += beta[j] * x[i + 1, j]
        r2 += beta[j] * x[i + 2, j]
        r3 += beta[j] * x[i + 3, j]
    r0 = factor[i] * r0 - shift[i]
    r1 = factor[i + 1] * r1 - shift[i + 1]
    r2 = factor[i + 2] * r2 - shift[i + 2]
    r3 = factor[i + 3] * r3 - shift[i + 3]
    for j in range(x.shape[1]):
        weighted[j] += r0 * x[i, j] + r1 * x[i + 1, j] + r2 * x[i + 2, j] + r3 * x[i + 3, j]
    return max(max(_size(r0), _size(r1)), max(_size(r2), _size(r3)))


@_jit
def _size(residual):
    # NaN is no larger than anything; as an explosion it must be.
    return abs(residual) if abs(residual) < EXPLODED else np.inf
