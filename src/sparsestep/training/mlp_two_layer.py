"""Batch-1 SGD on ReLU networks with one hidden layer: inner loops run over the hidden units.

The first layer's weights are kept as (inputs, units), so that every inner loop is contiguous and
long enough to be vectorised.
"""

import numba
import numpy as np

# Replicates that one call trains.
GROUP = 1
# A residual beyond this can only grow: the replicate has diverged.
EXPLODED = 1e100


def train(network, problem, rows, step_sizes, snapshots, parameters, diverged_at):
    """Fill the rows of `parameters` and `diverged_at`; see `training.mlp.train`."""
    (row,) = rows
    (w1, b1), (w2, b2) = network.layers(problem.of_replicate("theta0", row))
    # What a network does not have stays zero: it is updated only where `has_...` says so.
    state = (
        np.array(w1.T, order="C"),  # always a copy
        np.zeros(len(w1)) if b1 is None else b1.copy(),
        w2[0].copy(),
        np.zeros(1) if b2 is None else b2.copy(),
    )
    kept = tuple(np.full((len(snapshots), *part.shape), np.nan) for part in state)
    diverged_at[row] = _sgd(
        problem.of_replicate("x_train", row),
        problem.of_replicate("y_train", row),
        problem.order[row],
        step_sizes[row],
        snapshots,
        (b1 is not None, b2 is not None),
        state,
        kept,
    )
    w1_kept, b1_kept, w2_kept, b2_kept = kept
    (w1, b1), (w2, b2) = network.layers(parameters[row])
    w1[:] = w1_kept.transpose(0, 2, 1)
    w2[:, 0] = w2_kept
    if b1 is not None:
        b1[:] = b1_kept
    if b2 is not None:
        b2[:] = b2_kept


@numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract"}, error_model="numpy")
def _sgd(x, y, order, step_sizes, snapshots, has_bias, state, kept):
    w1, b1, w2, b2 = state
    d, m = w1.shape
    active = np.zeros(m)
    back = np.zeros(m)
    taken = 0
    for t in range(step_sizes.shape[0]):
        if taken < snapshots.shape[0] and snapshots[taken] == t:
            kept[0][taken] = w1
            kept[1][taken] = b1
            kept[2][taken] = w2
            kept[3][taken] = b2
            taken += 1
        i = order[t]
        for j in range(m):
            active[j] = w1[0, j] * x[i, 0] + b1[j]
        for k in range(1, d):
            for j in range(m):
                active[j] += w1[k, j] * x[i, k]
        prediction = b2[0]
        for j in range(m):
            active[j] = max(active[j], 0.0)
            prediction += w2[j] * active[j]
        residual = prediction - y[i]
        if not abs(residual) < EXPLODED:
            return t
        step = 2.0 * step_sizes[t] * residual
        for j in range(m):
            back[j] = step * w2[j] if active[j] > 0.0 else 0.0
            w2[j] -= step * active[j]
        for k in range(d):
            for j in range(m):
                w1[k, j] -= back[j] * x[i, k]
        if has_bias[0]:
            for j in range(m):
                b1[j] -= back[j]
        if has_bias[1]:
            b2[0] -= step
    return -1
