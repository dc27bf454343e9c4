"""Kernel of SGD on batches for ReLU networks of any depth: replicates in vector lanes.

As in `mlp_lanes.py`, each operation is one of eight replicates (sixteen in float32) whatever the
widths. A weight is loaded once for four samples; rows of `room` for samples that are not there, so
that the last four are whole, may hold anything. A weight's derivative is one sum over the batch, in
the order of the samples.

Of a layer, `layout` has first rows in `theta` of its weights and biases (-1: none); numbers of
inputs and outputs; first rows in `room` of its outputs, sample by sample, and of the loss's
derivatives by them. The inputs of the batch are the first rows of `room`.
"""

import numpy as np

from sparsestep.arithmetic.vectors import (
    any_beyond,
    jit,
    lanes_of,
    load,
    minus,
    minus_product,
    plus,
    plus_product,
    rectified,
    spread,
    store,
    times,
    where_positive,
    zero,
)


@jit
def descend(data, mine, layout, state, options, limit, first, diverged_at):
    """Make the updates of iterations `first`, first + 1, ...

    `data`: x, y, samples (T or 1, lanes or 1, B), noise on their labels (none: without a last axis)
    and step sizes (lanes or 1, T); `mine`, (2, lanes): whose row of x and y a lane reads. `state`:
    theta, velocity, what is looked up, `room`, and going (1, and 0 from a replicate's divergence
    on). `options`: momentum, Nesterov's, decay, None where there is none, so that it is compiled
    without.
    """
    x, index, step_sizes = data[0], data[2], data[4]
    theta, velocity, looked_up, room, going = state
    samples, inputs, last = index.shape[2], x.shape[2], layout.shape[0] - 1
    each = samples * (inputs + 1)
    # Of all samples in their order, once is enough.
    is_fixed = index.shape[0] == 1
    ahead = step_sizes.shape[1] if is_fixed else looked_up.shape[0] // each
    slopes = room[layout[last, 5] : layout[last, 5] + samples]
    rates = np.empty((1, lanes_of(theta)), theta.dtype)
    for t in range(step_sizes.shape[1]):
        at = t % ahead
        if at == 0:
            _look_up(data, mine, t, min(ahead, index.shape[0] - t), looked_up)
        for lane in range(rates.shape[1]):
            rates[0, lane] = step_sizes[min(lane, step_sizes.shape[0] - 1), t]
        here = 0 if is_fixed else at * each
        for row in range(samples * inputs):
            store(room, row, load(looked_up, here + row))
        for number in range(last + 1):
            _forward(theta, room, layout, number, samples)
        labels = here + samples * inputs
        explodes = _explodes(room, looked_up, labels, layout, samples, limit, going)
        if explodes and not _stop_exploded(slopes, limit, first + t, going, diverged_at):
            return
        _scale(slopes, going)
        # A diverged replicate stands still while the others go on.
        eta = where_positive(load(rates, 0), load(going, 0))
        for number in range(last, -1, -1):
            if number > 0:
                _pull_back(theta, room, layout, number, samples)
            _update(theta, velocity, room, layout, number, samples, eta, options)


@jit
def _forward(theta, room, layout, number, samples):
    """Outputs of a layer, of all samples, four at a time."""
    w, b, inputs, outputs, here, _ = layout[number]
    below = layout[number - 1, 4] if number > 0 else 0
    is_hidden = number < layout.shape[0] - 1
    for o in range(outputs):
        start = load(theta, b + o) if b >= 0 else zero(theta)
        for s in range(0, samples, 4):
            at, to = below + s * inputs, here + s * outputs + o
            p, q, r, v = start, start, start, start
            for k in range(inputs):
                weight = load(theta, w + k)
                p = plus_product(p, weight, load(room, at + k))
                q = plus_product(q, weight, load(room, at + inputs + k))
                r = plus_product(r, weight, load(room, at + 2 * inputs + k))
                v = plus_product(v, weight, load(room, at + 3 * inputs + k))
            store(room, to, rectified(p) if is_hidden else p)
            store(room, to + outputs, rectified(q) if is_hidden else q)
            store(room, to + 2 * outputs, rectified(r) if is_hidden else r)
            store(room, to + 3 * outputs, rectified(v) if is_hidden else v)
        w += inputs


@jit
def _pull_back(theta, room, layout, number, samples):
    """Derivatives by the inputs of a layer where these are positive: relu'(0) = 0."""
    w, _, inputs, outputs, _, above = layout[number]
    active, slopes = layout[number - 1, 4], layout[number - 1, 5]
    for k in range(inputs):
        for s in range(0, samples, 4):
            at, to = above + s * outputs, s * inputs + k
            p, q, r, v = zero(theta), zero(theta), zero(theta), zero(theta)
            for o in range(outputs):
                weight = load(theta, w + o * inputs + k)
                p = plus_product(p, weight, load(room, at + o))
                q = plus_product(q, weight, load(room, at + outputs + o))
                r = plus_product(r, weight, load(room, at + 2 * outputs + o))
                v = plus_product(v, weight, load(room, at + 3 * outputs + o))
            for slope in (p, q, r, v):
                store(room, slopes + to, where_positive(slope, load(room, active + to)))
                to += inputs


@jit
def _update(theta, velocity, room, layout, number, samples, eta, options):
    """Sums over the batch of slope times input, and the step along what is made of them."""
    w, b, inputs, outputs, _, above = layout[number]
    source = layout[number - 1, 4] if number > 0 else 0
    for o in range(outputs):
        for k in range(0, inputs - 1, 2):
            p, q = zero(theta), zero(theta)
            for s in range(samples):
                slope, at = load(room, above + s * outputs + o), source + s * inputs + k
                p = plus_product(p, slope, load(room, at))
                q = plus_product(q, slope, load(room, at + 1))
            _step(theta, velocity, w + k, p, eta, *options)
            _step(theta, velocity, w + k + 1, q, eta, *options)
        for k in range(inputs - inputs % 2, inputs):
            p = zero(theta)
            for s in range(samples):
                slope = load(room, above + s * outputs + o)
                p = plus_product(p, slope, load(room, source + s * inputs + k))
            _step(theta, velocity, w + k, p, eta, *options)
        if b >= 0:
            p = zero(theta)
            for s in range(samples):
                p = plus(p, load(room, above + s * outputs + o))
            _step(theta, velocity, b + o, p, eta, *options)
        w += inputs


# What follows stands in `batch_two_layer_lanes.py` too: a kernel calls nothing compiled of another
# module but vectors (`runtime/kernel_cache.py`).
@jit
def _look_up(data, mine, t, count, looked_up):
    """Inputs and noisy labels of the next updates, rows of samples behind each other."""
    x, y, index, noise, _ = data
    samples, d = index.shape[2], x.shape[2]
    each = samples * (d + 1)
    for lane in range(lanes_of(looked_up)):
        inputs, outputs = x[mine[0, lane]], y[mine[1, lane]]
        row = min(lane, index.shape[1] - 1)
        for at in range(count):
            start = at * each
            for b in range(samples):
                i = index[t + at, row, b]
                for k in range(d):
                    looked_up[start + b * d + k, lane] = inputs[i, k]
                label = outputs[i]
                if noise.shape[2] > 0:
                    label += noise[t + at, row, b]
                looked_up[start + samples * d + b, lane] = label


@jit
def _explodes(room, looked_up, labels, layout, samples, limit, going):
    """Store the residuals where slopes of the output go; whether one is beyond the limit."""
    outputs, slopes = layout[layout.shape[0] - 1, 4], layout[layout.shape[0] - 1, 5]
    found = False
    for b in range(samples):
        residual = minus(load(room, outputs + b), load(looked_up, labels + b))
        residual = where_positive(residual, load(going, 0))
        found = found or any_beyond(residual, limit)
        store(room, slopes + b, residual)
    return found


@jit
def _stop_exploded(residuals, limit, iteration, going, diverged_at):
    """Stop replicates with a residual that exploded; how many are left."""
    left = 0
    for lane in range(lanes_of(going)):
        for b in range(residuals.shape[0]):
            if going[0, lane] > 0.0 and not abs(residuals[b, lane]) < limit:
                going[0, lane] = 0.0
                if lane < diverged_at.shape[0]:
                    diverged_at[lane] = iteration
        left += going[0, lane] > 0.0
    return left


@jit
def _scale(residuals, going):
    """Residuals become the loss's derivatives, 0 of a replicate that has diverged."""
    factor = spread(residuals.dtype.type(2.0 / residuals.shape[0]))
    for b in range(residuals.shape[0]):
        store(residuals, b, times(factor, where_positive(load(residuals, b), load(going, 0))))


@jit
def _step(theta, velocity, row, gradient, eta, momentum, nesterov, decay):
    """The row of theta less eta times what momentum and decay make of the gradient."""
    weight = load(theta, row)
    if decay is not None:
        gradient = plus_product(gradient, spread(decay), weight)
    if momentum is not None:
        moved = plus_product(gradient, spread(momentum), load(velocity, row))
        store(velocity, row, moved)
        if nesterov is not None:
            gradient = plus_product(gradient, spread(momentum), moved)
        else:
            gradient = moved
    store(theta, row, minus_product(weight, eta, gradient))
