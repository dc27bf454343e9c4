"""Compiled SGD on batches, with momentum and weight decay, on ReLU networks of any depth.

The loss of a batch of B samples is (1/B) sum_b (h(x_b) - y_b - zeta_b)^2; what an update is stands
in `algorithms/momentum.py`, which samples a batch has in `batches.py`. Full-batch descent is the
same with all samples in their order.

As in `mlp_lanes.py`, replicates lie side by side in vector lanes, so that each operation is one of
eight replicates (sixteen in float32) whatever the widths. A weight is loaded once for four samples,
and its derivative is one sum over the batch, in the order of the samples. The bits are the same on
any processor, for any number of threads, and in any company.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sparsestep import algorithms
from sparsestep.arithmetic import vectors
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
from sparsestep.artifacts.arrays import Problem
from sparsestep.models import mlp
from sparsestep.training import precision, updates

# Numbers that are looked up at a time: inputs that were just put together lane by lane cannot be
# loaded as vectors before they have left the processor's store buffer.
_LOOKED_UP = 512


def train(
    problem: Problem, spec: dict, step_sizes: np.ndarray, snapshots: np.ndarray, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Parameters at the snapshots, (R, S, P), and where each replicate diverged, (R,).

    `step_sizes` has shape (R, T), `snapshots` are sorted iterations. Computed in the algorithm's
    `precision`, float64 arrays in either; NaN after divergence, and -1 where a replicate survived.
    A replicate diverges at the first update before which a residual of its batch is beyond
    `precision.exploded`. The layout of P is that of `models.mlp`.
    """
    options = algorithms.from_spec(spec["algorithm"])
    start = precision.rounded(problem, spec)
    network = mlp.Network(mlp.Spec(**spec["model"]), start.x_train.shape[-1])
    replicates = len(start.order)
    parameters = np.full((replicates, len(snapshots), network.parameter_count), np.nan)
    diverged_at = np.empty(replicates, dtype=np.int64)
    size = vectors.lanes(start.theta0.dtype)
    groups = [range(first, min(first + size, replicates)) for first in range(0, replicates, size)]

    def train_group(rows: range) -> None:
        group = _Group(network, start, options, rows)
        stops = updates.stops(snapshots, step_sizes.shape[1], size * group.samples)
        for first, stop, kept in stops:
            if kept is not None:
                parameters[rows.start : rows.stop, kept] = group.parameters()
            group.advance(first, step_sizes[rows.start : rows.stop, first:stop])
        diverged_at[rows.start : rows.stop] = group.diverged_at

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(train_group, groups))
    return parameters, diverged_at


class _Group:
    """As many replicates as a vector has lanes, or fewer, on their way.

    Attributes:
        samples: of a batch.
        diverged_at: (R,), -1 for those that have not.
    """

    def __init__(self, network, problem: Problem, options, rows: range):
        dtype = problem.theta0.dtype
        width = vectors.lanes(dtype)
        self._rows = rows
        self._samples = [updates.samples_of(problem, options, row) for row in rows]
        self.samples = self._samples[0].size
        # Lanes without a replicate repeat the first.
        lanes = [*rows, *[rows[0]] * (width - len(rows))]
        self._theta = vectors.zeros(network.parameter_count, width, dtype=dtype)
        for lane, row in enumerate(lanes):
            self._theta[:, lane] = problem.of_replicate("theta0", row)
        self._data = tuple(map(np.ascontiguousarray, (problem.x_train, problem.y_train)))
        self._mine = np.array([np.minimum(lanes, len(part) - 1) for part in self._data])
        has_velocity = options.momentum > 0
        self._velocity = vectors.zeros(
            network.parameter_count if has_velocity else 1, width, dtype=dtype
        )
        inputs = network.sizes[0]
        ahead = max(1, _LOOKED_UP // (self.samples * (inputs + 1)))
        self._looked_up = vectors.zeros(ahead * self.samples * (inputs + 1), width, dtype=dtype)
        units = self.samples * sum(network.sizes[1:])
        self._room = vectors.zeros(self.samples * inputs + 2 * units, width, dtype=dtype)
        self._layout = _layout(network, self.samples)
        self._options = (
            dtype.type(options.momentum) if has_velocity else None,
            True if options.nesterov else None,
            dtype.type(options.weight_decay) if options.weight_decay > 0 else None,
        )
        self._limit = precision.exploded(dtype)
        self._going = np.ones((1, width), dtype)
        self.diverged_at = np.full(len(rows), -1)

    def parameters(self) -> np.ndarray:
        """theta of the replicates, (R, P)."""
        return self._theta[:, : len(self._rows)].T

    def advance(self, first: int, step_sizes: np.ndarray) -> None:
        """Make the updates of iterations first, first + 1, ... with step sizes (R, count)."""
        if (self.diverged_at >= 0).all():
            return
        count = step_sizes.shape[1]
        drawn = [of.take(first, count) for of in self._samples]
        index, noise = (np.stack(part) for part in zip(*drawn, strict=True))
        _descend(
            *self._data,
            self._mine,
            index,
            noise.astype(self._theta.dtype, copy=False),
            np.ascontiguousarray(step_sizes, dtype=self._theta.dtype),
            self._layout,
            self._theta,
            self._velocity,
            self._looked_up,
            self._room,
            *self._options,
            self._limit,
            self._going,
            first,
            self.diverged_at,
        )


def _layout(network, samples):
    """What the kernel has to know of each layer, (L, 6), int64.

    First rows in `theta` of its weights and biases (-1: none); numbers of inputs and outputs; first
    rows in `room` of its outputs, sample by sample, and of the loss's derivatives by them.
    """
    rows, weights = [], 0
    units = samples * sum(network.sizes[1:])
    first = samples * network.sizes[0]
    for outputs, inputs, has_bias in network.shapes:
        biases = weights + outputs * inputs
        rows.append((weights, biases if has_bias else -1, inputs, outputs, first, first + units))
        weights = biases + outputs * has_bias
        first += samples * outputs
    return np.array(rows)


@jit
def _descend(
    x,
    y,
    mine,
    index,
    noise,
    step_sizes,
    layout,
    theta,
    velocity,
    looked_up,
    room,
    momentum,
    nesterov,
    decay,
    limit,
    going,
    first,
    diverged_at,
):
    """`momentum`, `nesterov`, `decay`: None where there is none, so that it is compiled without."""
    samples, inputs = index.shape[2], x.shape[2]
    last = layout.shape[0] - 1
    each = samples * (inputs + 1)
    ahead = looked_up.shape[0] // each
    # Of all samples in their order, once is enough.
    is_fixed = index.shape[1] == 1
    factor = spread(theta.dtype.type(2.0 / samples))
    rates = np.empty((1, lanes_of(theta)), theta.dtype)
    for t in range(step_sizes.shape[1]):
        at = 0 if is_fixed else t % ahead
        if at == 0 and (t == 0 or not is_fixed):
            stop = 1 if is_fixed else min(ahead, step_sizes.shape[1] - t)
            _look_up(x, y, mine, index, noise, t, stop, looked_up)
        for lane in range(rates.shape[1]):
            rates[0, lane] = step_sizes[min(lane, step_sizes.shape[0] - 1), t]
        here = at * each
        for row in range(samples * inputs):
            store(room, row, load(looked_up, here + row))
        below = 0
        for number in range(last + 1):
            _forward(theta, room, layout, number, below, samples, number < last)
            below = layout[number, 4]
        labels = here + samples * inputs
        exploded = False
        for b in range(samples):
            residual = minus(load(room, below + b), load(looked_up, labels + b))
            residual = where_positive(residual, load(going, 0))
            exploded = exploded or any_beyond(residual, limit)
            store(room, layout[last, 5] + b, residual)
        if exploded:
            residuals = room[layout[last, 5] : layout[last, 5] + samples]
            if not _stop_exploded(residuals, limit, first + t, going, diverged_at):
                return
        for b in range(samples):
            slope = times(factor, where_positive(load(room, layout[last, 5] + b), load(going, 0)))
            store(room, layout[last, 5] + b, slope)
        # A diverged replicate stands still while the others go on.
        eta = where_positive(load(rates, 0), load(going, 0))
        for number in range(last, -1, -1):
            if number > 0:
                _pull_back(theta, room, layout, number, samples)
            of_layer = (theta, velocity, room, layout, number, samples)
            _update(*of_layer, eta, momentum, nesterov, decay)


@jit
def _look_up(x, y, mine, index, noise, t, count, looked_up):
    """Inputs and noisy labels of the next updates, rows of samples behind each other."""
    samples, d = index.shape[2], x.shape[2]
    each = samples * (d + 1)
    for lane in range(lanes_of(looked_up)):
        inputs, outputs = x[mine[0, lane]], y[mine[1, lane]]
        row = min(lane, index.shape[0] - 1)
        for at in range(count):
            from_here = min(t + at, index.shape[1] - 1)
            start = at * each
            for b in range(samples):
                i = index[row, from_here, b]
                for k in range(d):
                    looked_up[start + b * d + k, lane] = inputs[i, k]
                label = outputs[i]
                if noise.shape[2] > 0:
                    label += noise[row, from_here, b]
                looked_up[start + samples * d + b, lane] = label


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
def _forward(theta, room, layout, number, below, samples, hidden):
    """Outputs of a layer, of all samples, four at a time."""
    w, b, inputs, outputs = (
        layout[number, 0],
        layout[number, 1],
        layout[number, 2],
        layout[number, 3],
    )
    here = layout[number, 4]
    for o in range(outputs):
        start = load(theta, b + o) if b >= 0 else zero(theta)
        for s in range(0, samples - 3, 4):
            at = below + s * inputs
            p, q, r, v = start, start, start, start
            for k in range(inputs):
                weight = load(theta, w + k)
                p = plus_product(p, weight, load(room, at + k))
                q = plus_product(q, weight, load(room, at + inputs + k))
                r = plus_product(r, weight, load(room, at + 2 * inputs + k))
                v = plus_product(v, weight, load(room, at + 3 * inputs + k))
            to = here + s * outputs + o
            store(room, to, rectified(p) if hidden else p)
            store(room, to + outputs, rectified(q) if hidden else q)
            store(room, to + 2 * outputs, rectified(r) if hidden else r)
            store(room, to + 3 * outputs, rectified(v) if hidden else v)
        for s in range(samples - samples % 4, samples):
            p = start
            for k in range(inputs):
                p = plus_product(p, load(theta, w + k), load(room, below + s * inputs + k))
            store(room, here + s * outputs + o, rectified(p) if hidden else p)
        w += inputs


@jit
def _pull_back(theta, room, layout, number, samples):
    """Derivatives by the inputs of a layer where these are positive: relu'(0) = 0."""
    w, inputs, outputs = layout[number, 0], layout[number, 2], layout[number, 3]
    above = layout[number, 5]
    active, slopes = layout[number - 1, 4], layout[number - 1, 5]
    for k in range(inputs):
        for s in range(0, samples - 3, 4):
            at = above + s * outputs
            p, q, r, v = zero(theta), zero(theta), zero(theta), zero(theta)
            for o in range(outputs):
                weight = load(theta, w + o * inputs + k)
                p = plus_product(p, weight, load(room, at + o))
                q = plus_product(q, weight, load(room, at + outputs + o))
                r = plus_product(r, weight, load(room, at + 2 * outputs + o))
                v = plus_product(v, weight, load(room, at + 3 * outputs + o))
            to = s * inputs + k
            store(room, slopes + to, where_positive(p, load(room, active + to)))
            to += inputs
            store(room, slopes + to, where_positive(q, load(room, active + to)))
            to += inputs
            store(room, slopes + to, where_positive(r, load(room, active + to)))
            to += inputs
            store(room, slopes + to, where_positive(v, load(room, active + to)))
        for s in range(samples - samples % 4, samples):
            p = zero(theta)
            for o in range(outputs):
                weight = load(theta, w + o * inputs + k)
                p = plus_product(p, weight, load(room, above + s * outputs + o))
            to = s * inputs + k
            store(room, slopes + to, where_positive(p, load(room, active + to)))


@jit
def _update(theta, velocity, room, layout, number, samples, eta, momentum, nesterov, decay):
    """Sums over the batch of slope times input, and the step along what is made of them."""
    w, b, inputs, outputs = layout[number, :4]
    above = layout[number, 5]
    source = layout[number - 1, 4] if number > 0 else 0
    for o in range(outputs):
        for k in range(0, inputs - 1, 2):
            p, q = zero(theta), zero(theta)
            for s in range(samples):
                slope, at = load(room, above + s * outputs + o), source + s * inputs + k
                p = plus_product(p, slope, load(room, at))
                q = plus_product(q, slope, load(room, at + 1))
            _step(theta, velocity, w + k, p, eta, momentum, nesterov, decay)
            _step(theta, velocity, w + k + 1, q, eta, momentum, nesterov, decay)
        for k in range(inputs - inputs % 2, inputs):
            p = zero(theta)
            for s in range(samples):
                slope = load(room, above + s * outputs + o)
                p = plus_product(p, slope, load(room, source + s * inputs + k))
            _step(theta, velocity, w + k, p, eta, momentum, nesterov, decay)
        if b >= 0:
            p = zero(theta)
            for s in range(samples):
                p = plus(p, load(room, above + s * outputs + o))
            _step(theta, velocity, b + o, p, eta, momentum, nesterov, decay)
        w += inputs


# In both trainers on batches: a kernel calls nothing compiled of another module but vectors, for
# its cache would not know when that changes (`runtime/kernel_cache.py`).
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
