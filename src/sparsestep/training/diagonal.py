"""Compiled batch-1 SGD on diagonal linear networks.

The loss is (1/2n) sum_i (<u * v, x_i> - y_i)^2; see `tests/support/oracles.py` for plain
loops in NumPy. One replicate is one call that holds no lock, so that threads run replicates side by
side; each replicate's arithmetic is the same whatever the number of threads and the processor.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sparsestep.arithmetic import vectors
from sparsestep.arithmetic.vectors import (
    jit,
    lanes_of,
    load,
    minus_product,
    plus,
    plus_product,
    spread,
    store,
    times,
    total,
    zero,
)
from sparsestep.artifacts.arrays import Problem

# A residual beyond this can only grow: the replicate has diverged. Checked before it overflows,
# so that nothing is ever computed with infinities.
EXPLODED = 1e100


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

    x_train = vectors.padded(problem.x_train)

    def train_replicate(row: int) -> None:
        x = x_train[row if len(x_train) > 1 else 0]
        y = problem.of_replicate("y_train", row)
        u, v = vectors.padded(problem.of_replicate("theta0", row).reshape(2, -1))
        order = problem.order[row]
        out = parameters[row]
        diverged_at[row] = _sgd(x, y, u, v, order, step_sizes[row], snapshots, out)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(train_replicate, range(replicates)))
    return parameters, diverged_at


@jit
def _sgd(x, y, u, v, order, step_sizes, snapshots, out):
    """u -= eta (h - y) x v,  v -= eta (h - y) x u,  with one sample x, y a step."""
    rows = x.shape[1] // lanes_of(x)
    d = out.shape[1] // 2
    taken = 0
    previous = order[0] * rows
    step = 0.0
    for t in range(step_sizes.shape[0]):
        # The last update is made while the prediction is: one pass a step. The first makes none, so
        # that a run that is continued computes the same bits as one that goes on.
        i = order[t]
        now = i * rows
        prediction = _advance(x, u, v, previous, now, step)
        if taken < snapshots.shape[0] and snapshots[taken] == t:
            out[taken, :d] = u[:d]
            out[taken, d:] = v[:d]
            taken += 1
        residual = prediction - y[i]
        if not abs(residual) < EXPLODED:
            return t
        step = step_sizes[t] * residual
        previous = now
    return -1


@jit
def _advance(x, u, v, previous, now, step):
    """The update by the sample at row `previous` of x, and the prediction for that at row `now`."""
    rows = u.shape[0] // lanes_of(u)
    steps = spread(step)
    a, b, c, d = zero(u), zero(u), zero(u), zero(u)
    for j in range(0, rows - 3, 4):
        a = _advance_row(x, u, v, previous, now, steps, j, a)
        b = _advance_row(x, u, v, previous, now, steps, j + 1, b)
        c = _advance_row(x, u, v, previous, now, steps, j + 2, c)
        d = _advance_row(x, u, v, previous, now, steps, j + 3, d)
    for j in range(rows - rows % 4, rows):
        a = _advance_row(x, u, v, previous, now, steps, j, a)
    return total(plus(plus(a, b), plus(c, d)))


@jit
def _advance_row(x, u, v, previous, now, steps, j, prediction):
    """The same for eight coordinates: `prediction` with theirs added."""
    slope = times(steps, load(x, previous + j))
    u_j, v_j = load(u, j), load(v, j)
    new_u, new_v = minus_product(u_j, slope, v_j), minus_product(v_j, slope, u_j)
    store(u, j, new_u)
    store(v, j, new_v)
    # In this order, because u * v of a vanished coordinate (1e-170 each at the end of a
    # long large-step phase) would be subnormal, which makes a step up to 1.7 times slower.
    return plus_product(prediction, new_u, times(new_v, load(x, now + j)))
