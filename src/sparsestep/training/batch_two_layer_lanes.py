"""Kernel of SGD on batches for ReLU networks with one hidden layer: a pass over its units each way.

As `batch_lanes.py`, with the same `layout`, and to the bit the same numbers, because sums are taken
in the same order. But a unit's outputs go to the network's at once, and on the way back its slopes
to the steps of its weights. With one or two inputs, to make a unit again takes less time than to
keep all of them; with more, `room` has their outputs, unit by unit.
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
        _forward(theta, room, layout, samples)
        labels = here + samples * inputs
        explodes = _explodes(room, looked_up, labels, layout, samples, limit, going)
        if explodes and not _stop_exploded(slopes, limit, first + t, going, diverged_at):
            return
        _scale(slopes, going)
        # A diverged replicate stands still while the others go on.
        eta = where_positive(load(rates, 0), load(going, 0))
        _update(theta, velocity, room, layout, samples, eta, options)


@jit
def _forward(theta, room, layout, samples):
    """Outputs of the network, of four samples at a time."""
    w, b, inputs, units, active, _ = layout[0]
    v, bias, to = layout[1, 0], layout[1, 1], layout[1, 4]
    keeps, of_unit = inputs > 2, samples + -samples % 4
    start = load(theta, bias) if bias >= 0 else zero(theta)
    for s in range(0, samples, 4):
        at = s * inputs
        x0, x1 = load(room, at), load(room, at + inputs)
        x2, x3 = load(room, at + 2 * inputs), load(room, at + 3 * inputs)
        h0, h1, h2, h3 = start, start, start, start
        for o in range(units):
            begin = load(theta, b + o) if b >= 0 else zero(theta)
            row = w + o * inputs
            weight = load(theta, row)
            p, q = plus_product(begin, weight, x0), plus_product(begin, weight, x1)
            r, u = plus_product(begin, weight, x2), plus_product(begin, weight, x3)
            for k in range(1, inputs):
                weight = load(theta, row + k)
                p = plus_product(p, weight, load(room, at + k))
                q = plus_product(q, weight, load(room, at + inputs + k))
                r = plus_product(r, weight, load(room, at + 2 * inputs + k))
                u = plus_product(u, weight, load(room, at + 3 * inputs + k))
            p, q, r, u = rectified(p), rectified(q), rectified(r), rectified(u)
            if keeps:
                _store_four(room, active + o * of_unit + s, p, q, r, u)
            weight = load(theta, v + o)
            h0, h1 = plus_product(h0, weight, p), plus_product(h1, weight, q)
            h2, h3 = plus_product(h2, weight, r), plus_product(h3, weight, u)
        _store_four(room, to + s, h0, h1, h2, h3)


@jit
def _update(theta, velocity, room, layout, samples, eta, options):
    """Steps of all weights, unit by unit."""
    w, b, inputs, units, active, slopes = layout[0]
    v, bias, above = layout[1, 0], layout[1, 1], layout[1, 5]
    keeps, of_unit = inputs > 2, samples + -samples % 4
    for o in range(units):
        begin = load(theta, b + o) if b >= 0 else zero(theta)
        weight, second, outer = load(theta, w), load(theta, w + (inputs > 1)), load(theta, v + o)
        p, q, r, u = zero(theta), zero(theta), zero(theta), zero(theta)
        for s in range(samples):
            slope, x = load(room, above + s), load(room, s * inputs)
            y = load(room, s * inputs + 1) if inputs > 1 else x
            if keeps:
                unit = load(room, active + o * of_unit + s)
            else:
                unit = plus_product(begin, weight, x)
                unit = rectified(plus_product(unit, second, y) if inputs > 1 else unit)
            p = plus_product(p, slope, unit)
            # relu'(0) = 0.
            slope = where_positive(times(outer, slope), unit)
            q = plus_product(q, slope, x)
            u = plus_product(u, slope, y) if inputs > 1 else u
            r = plus(r, slope)
            if keeps:
                store(room, slopes + s, slope)
        _step(theta, velocity, v + o, p, eta, *options)
        _step(theta, velocity, w, q, eta, *options)
        if inputs > 1:
            _step(theta, velocity, w + 1, u, eta, *options)
        if b >= 0:
            _step(theta, velocity, b + o, r, eta, *options)
        if keeps:
            _update_further(theta, velocity, room, layout, w, samples, eta, options)
        w += inputs
    if bias >= 0:
        r = zero(theta)
        for s in range(samples):
            r = plus(r, load(room, above + s))
        _step(theta, velocity, bias, r, eta, *options)


@jit
def _update_further(theta, velocity, room, layout, w, samples, eta, options):
    """Steps of a unit's weights but the first two, three at a time."""
    inputs, slopes = layout[0, 2], layout[0, 5]
    whole = inputs - (inputs - 2) % 3
    for k in range(2, whole, 3):
        p, q, r = zero(theta), zero(theta), zero(theta)
        for s in range(samples):
            slope, at = load(room, slopes + s), s * inputs + k
            p = plus_product(p, slope, load(room, at))
            q = plus_product(q, slope, load(room, at + 1))
            r = plus_product(r, slope, load(room, at + 2))
        _step(theta, velocity, w + k, p, eta, *options)
        _step(theta, velocity, w + k + 1, q, eta, *options)
        _step(theta, velocity, w + k + 2, r, eta, *options)
    for k in range(whole, inputs):
        p = zero(theta)
        for s in range(samples):
            p = plus_product(p, load(room, slopes + s), load(room, s * inputs + k))
        _step(theta, velocity, w + k, p, eta, *options)


@jit
def _store_four(room, row, p, q, r, u):
    """Four rows from this one on."""
    store(room, row, p)
    store(room, row + 1, q)
    store(room, row + 2, r)
    store(room, row + 3, u)


# What follows stands in `batch_lanes.py` too: a kernel calls nothing compiled of another
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
