"""Compiled batch-1 SGD on diagonal linear networks.

The loss is (1/2n) sum_i (<u * v, x_i> - y_i)^2; see `tests/support/oracles.py` for plain
loops in NumPy. One replicate is one call that holds no lock, so that threads run replicates side by
side; each replicate's arithmetic is the same whatever the number of threads.
"""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

from sparsestep.artifacts.arrays import Problem

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

    Step t uses sample order[t]; `step_sizes` has shape (R, T), `snapshots` are sorted iterations.
    float64 throughout; NaN after divergence, and -1 where a replicate survived.
    """
    replicates = len(problem.order)
    parameters = np.full((replicates, len(snapshots), problem.theta0.shape[-1]), np.nan)
    diverged_at = np.empty(replicates, dtype=np.int64)

    def train_replicate(row: int) -> None:
        x = problem.of_replicate("x_train", row)
        y = problem.of_replicate("y_train", row)
        theta = problem.of_replicate("theta0", row).copy()
        order = problem.order[row]
        diverged_at[row] = _sgd(x, y, theta, order, step_sizes[row], snapshots, parameters[row])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(train_replicate, range(replicates)))
    return parameters, diverged_at


@_jit
def _sgd(x, y, theta, order, step_sizes, snapshots, out):
    """u -= eta (h - y) x v,  v -= eta (h - y) x u,  with one sample x, y a step."""
    d = x.shape[1]
    u = theta[:d]
    v = theta[d:]
    taken = 0
    previous = order[0]
    step = 0.0
    for t in range(step_sizes.shape[0]):
        # The last update is made while the prediction is: one pass a step. The first makes none, so
        # that a run that is continued computes the same bits as one that goes on.
        i = order[t]
        prediction = 0.0
        for j in range(d):
            slope = step * x[previous, j]
            u_j = u[j]
            v_j = v[j]
            u[j] = u_j - slope * v_j
            v[j] = v_j - slope * u_j
            # In this order, because u * v of a vanished coordinate (1e-170 each at the end of a
            # long large-step phase) would be subnormal, which makes a step up to 1.7 times slower.
            prediction += u[j] * (v[j] * x[i, j])
        if taken < snapshots.shape[0] and snapshots[taken] == t:
            out[taken] = theta
            taken += 1
        residual = prediction - y[i]
        if not abs(residual) < EXPLODED:
            return t
        step = step_sizes[t] * residual
        previous = i
    return -1
