"""Batch-1 SGD on ReLU networks of any depth: replicates side by side in vector lanes.

Over replicates every operation is the same, whatever the widths: parameters lie as (P, 8) in
float64 and (P, 16) in float32, a row is one vector (`arithmetic/vectors.py`). Within a replicate,
layers of ten or twenty units are too short to vectorise, and each sum has to be complete before the
next step begins.

What is rounded when is part of a chaotic run's result. In float64 the step size multiplies the
residual, once a step. In float32, the precision of published runs, it is as in `torch.optim.SGD`:
the gradient is formed first, each of its entries rounded, then theta - eta gradient rounded once.
The factor 2 of the gradient stands in front of eta, which changes no bit.
"""

import numpy as np

from sparsestep.arithmetic import vectors
from sparsestep.arithmetic.vectors import (
    any_beyond,
    jit,
    lanes_of,
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
from sparsestep.training import precision

# Steps whose samples are looked up together: a row that was just put together from eight numbers
# cannot be loaded as a vector before they have left the processor's store buffer.
_BLOCK = 32


def train(network, problem, rows, step_sizes, snapshots, parameters, diverged_at):
    """Fill the rows of `parameters` and `diverged_at`; see `training.mlp.train`.

    As many rows as a vector of the type of `problem.theta0` has lanes, or fewer.
    """
    dtype = problem.theta0.dtype
    width = vectors.lanes(dtype)
    # Lanes without a replicate repeat the first.
    lanes = [*rows, *[rows[0]] * (width - len(rows))]
    theta = vectors.zeros(network.parameter_count, width, dtype=dtype)
    for lane, row in enumerate(lanes):
        theta[:, lane] = problem.of_replicate("theta0", row)
    samples = _BLOCK * (network.sizes[0] + 2)
    mine = slice(rows[0], rows[-1] + 1)
    if step_sizes.strides[0] == 0:
        # One row for all, as the schedule gave it: copies would take longer than many updates.
        step_sizes = step_sizes[:1]
    read = (problem.x_train, problem.y_train, problem.order, step_sizes)
    _sgd(
        *map(np.ascontiguousarray, read),
        # Whose row each lane reads: what is shared has one.
        np.array([np.minimum(lanes, len(part) - 1) for part in read]),
        snapshots,
        _layout(network, samples),
        theta,
        vectors.zeros(samples + 2 * sum(network.sizes[1:]), width, dtype=dtype),
        precision.exploded(dtype),
        # Numba compiles what is asked of None for itself.
        None if dtype == np.float64 else True,
        parameters[mine],
        diverged_at[mine],
    )


def _layout(network, first):
    """What the kernel has to know of each layer, (L, 6), int64.

    First rows in `theta` of its weights and biases (-1: none); numbers of inputs and outputs; first
    rows in `room` of its outputs and of the loss's derivatives by them (`formed`: half of them;
    else times the step size).
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
def _sgd(
    x, y, order, step_sizes, mine, snapshots, layout, theta, room, limit, formed, out, diverged_at
):
    """`formed`: True where the gradient is formed before the step size multiplies it, else None."""
    d = x.shape[2]
    labels = _BLOCK * d
    last = layout.shape[0] - 1
    # 1, and 0 from a replicate's divergence on.
    going = np.ones((1, lanes_of(theta)), theta.dtype)
    diverged_at[:] = -1
    taken = 0
    for t in range(step_sizes.shape[1]):
        if taken < snapshots.shape[0] and snapshots[taken] == t:
            for lane in range(out.shape[0]):
                for p in range(theta.shape[0]):
                    out[lane, taken, p] = theta[p, lane]
            taken += 1
        at = t % _BLOCK
        if at == 0:
            _look_up(x, y, order, step_sizes, mine, t, room)
        below = at * d
        for index in range(last + 1):
            _forward(theta, room, layout, index, below, index < last)
            below = layout[index, 4]
        residual = minus(load(room, below), load(room, labels + at))
        residual = where_positive(residual, load(going, 0))
        if any_beyond(residual, limit):
            store(room, labels + at, residual)
            if _stop_exploded(room[labels + at], limit, t, going, diverged_at):
                return
            residual = where_positive(residual, load(going, 0))
        # A diverged replicate stands still while the others go on.
        rate = labels + _BLOCK + at
        if formed is None:
            residual = times(load(room, rate), residual)
        store(room, layout[last, 5], residual)
        for index in range(last, 0, -1):
            _backward(theta, room, layout, index, rate, formed)
        _backward_input(theta, room, layout, at * d, rate, formed)


@jit
def _look_up(x, y, order, step_sizes, mine, t, room):
    """Inputs, labels and 2 eta of the next steps, into the first rows of `room`."""
    d = x.shape[2]
    labels = _BLOCK * d
    for lane in range(lanes_of(room)):
        inputs, outputs = x[mine[0, lane]], y[mine[1, lane]]
        samples, rates = order[mine[2, lane]], step_sizes[mine[3, lane]]
        for at in range(min(_BLOCK, step_sizes.shape[1] - t)):
            i = samples[t + at]
            for k in range(d):
                room[at * d + k, lane] = inputs[i, k]
            room[labels + at, lane] = outputs[i]
            room[labels + _BLOCK + at, lane] = 2.0 * rates[t + at]


@jit
def _stop_exploded(residual, limit, t, going, diverged_at):
    """Stop replicates whose residual exploded; whether none is left."""
    left = 0
    for lane in range(lanes_of(going)):
        if not abs(residual[lane]) < limit:
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
        s = load(theta, b + o) if b >= 0 else zero(theta)
        s = plus_product(s, load(theta, w), first)
        if inputs > 1:
            s = plus_product(s, load(theta, w + 1), second)
        for k in range(2, inputs):
            s = plus_product(s, load(theta, w + k), load(room, below + k))
        store(room, here + o, rectified(s) if hidden else s)
        w += inputs


@jit
def _backward(theta, room, layout, index, rate, formed):
    """Update of any layer but the first, and what the one below gets, in one pass."""
    w, b, inputs, outputs = layout[index, 0], layout[index, 1], layout[index, 2], layout[index, 3]
    above, below, slopes = layout[index, 5], layout[index - 1, 4], layout[index - 1, 5]
    eta = load(room, rate)
    for k in range(inputs):
        h = load(room, below + k)
        s = zero(theta)
        for o in range(outputs):
            weight, slope = load(theta, w + o * inputs + k), load(room, above + o)
            s = plus_product(s, weight, slope)
            store(theta, w + o * inputs + k, _stepped(weight, slope, h, eta, formed))
        store(room, slopes + k, where_positive(s, h))
    if b >= 0:
        for o in range(outputs):
            slope = load(room, above + o)
            store(theta, b + o, _stepped_bias(load(theta, b + o), slope, eta, formed))


@jit
def _backward_input(theta, room, layout, below, rate, formed):
    """Update of the first layer, whose inputs are in the rows of `room` from `below` on."""
    w, b, inputs, outputs = layout[0, 0], layout[0, 1], layout[0, 2], layout[0, 3]
    above = layout[0, 5]
    eta = load(room, rate)
    first, second = load(room, below), load(room, below + min(1, inputs - 1))
    for o in range(outputs):
        slope = load(room, above + o)
        store(theta, w, _stepped(load(theta, w), slope, first, eta, formed))
        if inputs > 1:
            store(theta, w + 1, _stepped(load(theta, w + 1), slope, second, eta, formed))
        for k in range(2, inputs):
            h = load(room, below + k)
            store(theta, w + k, _stepped(load(theta, w + k), slope, h, eta, formed))
        if b >= 0:
            store(theta, b + o, _stepped_bias(load(theta, b + o), slope, eta, formed))
        w += inputs


@jit
def _stepped(weight, slope, h, eta, formed):
    """The weight less eta slope h, or slope h where the slope holds eta already."""
    if formed is None:
        return minus_product(weight, slope, h)
    return minus_product(weight, eta, times(slope, h))


@jit
def _stepped_bias(bias, slope, eta, formed):
    """The bias less eta slope, or the slope where that holds eta already."""
    if formed is None:
        return minus(bias, slope)
    return minus_product(bias, eta, slope)
