"""Compiled batch-1 SGD and full-batch gradient descent on diagonal linear networks.

The loss is (1/2n) sum_i (<u * v, x_i> - y_i)^2; see `tests/oracles.py` for the same loops in plain
NumPy. One replicate is one call that holds no lock, so that threads run replicates side by side;
each replicate's arithmetic is the same whatever the number of threads.
"""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

from sparsestep.artifacts import Problem

# A residual beyond this can only grow: the replicate has diverged. Checked before it overflows,
# so that nothing is ever computed with infinities.
EXPLODED = 1e100

# `reassoc` lets a sum be vectorised, `contract` makes fused multiply-adds. The rest of fast-math
# stays off: the test for divergence needs NaN to behave.
_jit = numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract"}, error_model="numpy")


def train(
    problem: Problem, spec: dict, step_sizes: np.ndarray, snapshots: np.ndarray, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Parameters at the snapshots, (R, S, 2d), and where each replicate diverged, (R,).

    The algorithm in `spec` is "sgd" (sample order[t] at step t) or "gd" (all samples), `step_sizes`
    has shape (R, T), `snapshots` are sorted iterations. float64 throughout; NaN after divergence,
    and -1 where a replicate survived.
    """
    algorithm = spec["algorithm"]["kind"]
    replicates = len(problem.order)
    parameters = np.full((replicates, len(snapshots), problem.theta0.shape[-1]), np.nan)
    diverged_at = np.empty(replicates, dtype=np.int64)

    def train_replicate(row: int) -> None:
        x = problem.of_replicate("x_train", row)
        y = problem.of_replicate("y_train", row)
        theta = problem.of_replicate("theta0", row).copy()
        if algorithm == "sgd":
            order = problem.order[row]
            diverged_at[row] = _sgd(x, y, theta, order, step_sizes[row], snapshots, parameters[row])
        else:
            diverged_at[row] = _gd(x, y, theta, step_sizes[row], snapshots, parameters[row])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(train_replicate, range(replicates)))
    return parameters, diverged_at


@_jit
def _sgd(x, y, theta, order, step_sizes, snapshots, out):
    """u -= eta (h - y) x v,  v -= eta (h - y) x u,  with one sample x, y a step."""
    d = x.shape[1]
    iterations = step_sizes.shape[0]
    u = theta[:d]
    v = theta[d:]
    taken = 0
    i = order[0]
    prediction = 0.0
    for j in range(d):
        prediction += u[j] * (v[j] * x[i, j])
    for t in range(iterations):
        if taken < snapshots.shape[0] and snapshots[taken] == t:
            out[taken] = theta
            taken += 1
        residual = prediction - y[i]
        if not abs(residual) < EXPLODED:
            return t
        step = step_sizes[t] * residual
        # The next sample's prediction is made while u and v are at hand: one pass a step.
        following = order[t + 1] if t + 1 < iterations else i
        prediction = 0.0
        for j in range(d):
            slope = step * x[i, j]
            u_j = u[j]
            v_j = v[j]
            u[j] = u_j - slope * v_j
            v[j] = v_j - slope * u_j
            # In this order, because u * v of a vanished coordinate (1e-170 each at the end of a
            # long large-step phase) would be subnormal, which makes a step up to 1.7 times slower.
            prediction += u[j] * (v[j] * x[following, j])
        i = following
    return -1


@_jit
def _gd(x, y, theta, step_sizes, snapshots, out):
    """u -= (eta/n) sum_i (h_i - y_i) x_i v,  and the same for v with u."""
    n, d = x.shape
    u = theta[:d]
    v = theta[d:]
    beta = np.empty(d)
    weighted = np.empty(d)
    taken = 0
    for t in range(step_sizes.shape[0]):
        if taken < snapshots.shape[0] and snapshots[taken] == t:
            out[taken] = theta
            taken += 1
        for j in range(d):
            # Scaled, so that the product is never subnormal; what vanished counts as zero.
            scaled = (u[j] * 1e100) * v[j]
            beta[j] = scaled * 1e-100 if abs(scaled) > 1e-190 else 0.0
            weighted[j] = 0.0
        largest = 0.0
        for i in range(0, n - 3, 4):
            largest = max(largest, _add_four(x, y, beta, weighted, i))
        for i in range(n - n % 4, n):
            residual = -y[i]
            for j in range(d):
                residual += beta[j] * x[i, j]
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
def _add_four(x, y, beta, weighted, i):
    """weighted += sum of residual * x over samples i to i + 3; returns the largest residual.

    Four samples a pass, because otherwise loading beta and weighted takes longer than computing.
    """
    r0, r1, r2, r3 = -y[i], -y[i + 1], -y[i + 2], -y[i + 3]
    for j in range(x.shape[1]):
        r0 += beta[j] * x[i, j]
        r1 += beta[j] * x[i + 1, j]
        r2 += beta[j] * x[i + 2, j]
        r3 += beta[j] * x[i + 3, j]
    for j in range(x.shape[1]):
        weighted[j] += r0 * x[i, j] + r1 * x[i + 1, j] + r2 * x[i + 2, j] + r3 * x[i + 3, j]
    return max(max(_size(r0), _size(r1)), max(_size(r2), _size(r3)))


@_jit
def _size(residual):
    # NaN is no larger than anything; as an explosion it must be.
    return abs(residual) if abs(residual) < EXPLODED else np.inf
