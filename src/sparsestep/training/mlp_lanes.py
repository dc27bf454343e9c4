"""Batch-1 SGD on ReLU networks of any depth: eight replicates side by side in vector lanes.

Over replicates every operation is the same, whatever the widths: parameters lie as (P, 8), a row is
one vector (`arithmetic/vectors.py`). Within a replicate, layers of ten or twenty units are too
short to vectorise, and each sum has to be complete before the next step begins.
"""

import numpy as np

from sparsestep.arithmetic import vectors
from sparsestep.arithmetic.vectors import (
    LANES,
    any_beyond,
    jit,
    load,
    minus,
    minus_product,
    plus_product,
    rectified,
    store,
    times,
    where_positive,
    zero,
)

# A residual beyond this can only grow: the replicate has diverged.
EXPLODED = 1e100
# Steps whose samples are looked up together: a row that was just put together from eight numbers
# cannot be loaded as a vector before they have left the processor's store buffer.
_BLOCK = 32


def train(network, problem, rows, step_sizes, snapshots, parameters, diverged_at):
    """Fill the rows of `parameters` and `diverged_at`; see `training.mlp.train`."""
    # Lanes without a replicate repeat the first.
    lanes = [*rows, *[rows[0]] * (LANES - len(rows))]
    theta = vectors.zeros(network.parameter_count, LANES)
    for lane, row in enumerate(lanes):
        theta[:, lane] = problem.of_replicate("theta0", row)
    samples = _BLOCK * (network.sizes[0] + 2)
    mine = slice(rows[0], rows[-1] + 1)
    _sgd(
        problem.x_train,
        problem.y_train,
        # Whose inputs and whose labels: each may be shared, or a replicate's own.
        np.array([np.minimum(lanes, len(part) - 1) for part in (problem.x_train, problem.y_train)]),
        problem.order[lanes],
        step_sizes[lanes],
        snapshots,
        _layout(network, samples),
        theta,
        vectors.zeros(samples + 2 * sum(network.sizes[1:]), LANES),
        parameters[mine],
        diverged_at[mine],
    )


def _layout(network, first):
    """What the kernel has to know of each layer, (L, 6), int64.

    First rows in `theta` of its weights and biases (-1: none); numbers of inputs and outputs; first
    rows in `room` of its outputs and of the loss's derivatives by them, times the step size.
    """
    units = sum(network.sizes[1:])
    rows, weights = [], 0
    for outputs, inputs, has_bias in network.shapes:
        biases = weights + outputs * inputs
        rows.append((weights, biases if has_bias else -1, inputs, outputs, first, first + units))
        weights = biases + outputs * has_bias
        first += outputs
    return np.array(rows)


@jit
def _sgd(x, y, data, order, step_sizes, snapshots, layout, theta, room, parameters, diverged_at):
    d = x.shape[2]
    labels = _BLOCK * d
    last = layout.shape[0] - 1
    # 1, and 0 from a replicate's divergence on.
    going = np.ones((1, LANES))
    diverged_at[:] = -1
    taken = 0
    for t in range(step_sizes.shape[1]):
        if taken < snapshots.shape[0] and snapshots[taken] == t:
            for lane in range(parameters.shape[0]):
                for p in range(theta.shape[0]):
                    parameters[lane, taken, p] = theta[p, lane]
            taken += 1
        at = t % _BLOCK
        if at == 0:
            _look_up(x, y, data, order, step_sizes, t, room)
        below = at * d
        for index in range(last + 1):
            _forward(theta, room, layout, index, below, index < last)
            below = layout[index, 4]
        residual = minus(load(room, below), load(room, labels + at))
        residual = where_positive(residual, load(going, 0))
        if any_beyond(residual, EXPLODED):
            store(room, labels + at, residual)
            if _stop_exploded(room[labels + at], t, going, diverged_at):
                return
            residual = where_positive(residual, load(going, 0))
        # A diverged replicate stands still while the others go on.
        rate = load(room, labels + _BLOCK + at)
        store(room, layout[last, 5], times(rate, residual))
        for index in range(last, 0, -1):
            _backward(theta, room, layout, index)
        _backward_input(theta, room, layout, at * d)


@jit
def _look_up(x, y, data, order, step_sizes, t, room):
    """Inputs, labels and 2 eta of the next steps, into the first rows of `room`."""
    d = x.shape[2]
    labels = _BLOCK * d
    for at in range(min(_BLOCK, step_sizes.shape[1] - t)):
        for lane in range(LANES):
            i = order[lane, t + at]
            for k in range(d):
                room[at * d + k, lane] = x[data[0, lane], i, k]
            room[labels + at, lane] = y[data[1, lane], i]
            room[labels + _BLOCK + at, lane] = 2.0 * step_sizes[lane, t + at]


@jit
def _stop_exploded(residual, t, going, diverged_at):
    """Stop replicates whose residual exploded; whether none is left."""
    left = 0
    for lane in range(LANES):
        if not abs(residual[lane]) < EXPLODED:
            going[0, lane] = 0.0
            if lane < diverged_at.shape[0]:
                diverged_at[lane] = t
        left += going[0, lane] > 0.0
    return left == 0


@jit
def _forward(theta, room, layout, index, below, hidden):
    """Outputs of a layer whose inputs are in the rows of `room` from `below` on."""
    w, b, inputs, outputs = layout[index, 0], layout[index, 1], layout[index, 2], layout[index, 3]
    here = layout[index, 4]
    # Two inputs are loaded once: around one or two, an inner loop takes longer than what is in it.
    first, second = load(room, below), load(room, below + min(1, inputs - 1))
    for o in range(outputs):
        s = load(theta, b + o) if b >= 0 else zero()
        s = plus_product(s, load(theta, w), first)
        if inputs > 1:
            s = plus_product(s, load(theta, w + 1), second)
        for k in range(2, inputs):
            s = plus_product(s, load(theta, w + k), load(room, below + k))
        store(room, here + o, rectified(s) if hidden else s)
        w += inputs


@jit
def _backward(theta, room, layout, index):
    """Update of any layer but the first, and what the one below gets, in one pass."""
    w, b, inputs, outputs = layout[index, 0], layout[index, 1], layout[index, 2], layout[index, 3]
    above, below, slopes = layout[index, 5], layout[index - 1, 4], layout[index - 1, 5]
    for k in range(inputs):
        h = load(room, below + k)
        s = zero()
        for o in range(outputs):
            weight, slope = load(theta, w + o * inputs + k), load(room, above + o)
            s = plus_product(s, weight, slope)
            store(theta, w + o * inputs + k, minus_product(weight, slope, h))
        store(room, slopes + k, where_positive(s, h))
    if b >= 0:
        for o in range(outputs):
            store(theta, b + o, minus(load(theta, b + o), load(room, above + o)))


@jit
def _backward_input(theta, room, layout, below):
    """Update of the first layer, whose inputs are in the rows of `room` from `below` on."""
    w, b, inputs, outputs = layout[0, 0], layout[0, 1], layout[0, 2], layout[0, 3]
    above = layout[0, 5]
    first, second = load(room, below), load(room, below + min(1, inputs - 1))
    for o in range(outputs):
        slope = load(room, above + o)
        store(theta, w, minus_product(load(theta, w), slope, first))
        if inputs > 1:
            store(theta, w + 1, minus_product(load(theta, w + 1), slope, second))
        for k in range(2, inputs):
            weight = load(theta, w + k)
            store(theta, w + k, minus_product(weight, slope, load(room, below + k)))
        if b >= 0:
            store(theta, b + o, minus(load(theta, b + o), slope))
        w += inputs
