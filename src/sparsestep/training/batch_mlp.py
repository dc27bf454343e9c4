"""Compiled SGD on batches, with momentum and weight decay, on ReLU networks of any depth.

The loss of a batch of B samples is (1/B) sum_b (h(x_b) - y_b - zeta_b)^2; what an update is stands
in `algorithms/momentum.py`, which samples a batch has in `batches.py`. Full-batch descent is the
same with all samples in their order.

Replicates lie side by side in vector lanes: `batch_lanes.py`, and of networks with one hidden layer
`batch_two_layer_lanes.py`, which is faster. The bits are the same in either, on any processor, for
any number of threads, and in any company.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sparsestep import algorithms
from sparsestep.arithmetic import vectors
from sparsestep.artifacts.arrays import Problem
from sparsestep.models import mlp
from sparsestep.training import batch_lanes, batch_two_layer_lanes, precision, updates

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
    `precision.exploded`. The layout of P is that of `models.mlp`. With `log_loss`, a
    training may go on from the last snapshot (`resumption.py`).
    """
    options = algorithms.from_spec(spec["algorithm"])
    continued = updates.Continued(problem, options)
    start = precision.rounded(problem, spec)
    network = mlp.Network(mlp.Spec(**spec["model"]), start.x_train.shape[-1])
    replicates = len(start.order)
    parameters = np.full((replicates, len(snapshots), network.parameter_count), np.nan)
    diverged_at = np.empty(replicates, dtype=np.int64)
    iterations = step_sizes.shape[1]
    size = vectors.lanes(start.theta0.dtype)
    groups = [range(first, min(first + size, replicates)) for first in range(0, replicates, size)]

    def train_group(rows: range) -> None:
        drawn = updates.Drawn(continued.samples[rows.start : rows.stop], iterations)
        group = _Group(network, start, options, rows, drawn, continued.velocity)
        for first, stop, kept in updates.stops(snapshots, iterations, drawn.longest):
            if kept is not None:
                parameters[rows.start : rows.stop, kept] = group.parameters()
            if kept == len(snapshots) - 1:
                group.keep_velocity()
            group.advance(first, step_sizes[rows.start : rows.stop, first:stop])
        diverged_at[rows.start : rows.stop] = group.diverged_at

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(train_group, groups))
    return continued.carried(parameters, snapshots), diverged_at


class _Group:
    """As many replicates as a vector has lanes, or fewer, on their way.

    Attributes:
        diverged_at: (R,), -1 for those that have not.
    """

    def __init__(self, network, problem: Problem, options, rows: range, drawn, velocity):
        dtype = problem.theta0.dtype
        width = vectors.lanes(dtype)
        self._rows = rows
        self._drawn, samples = drawn, drawn.size
        # Lanes without a replicate repeat the first.
        lanes = [*rows, *[rows[0]] * (width - len(rows))]
        self._theta = vectors.zeros(network.parameter_count, width, dtype=dtype)
        for lane, row in enumerate(lanes):
            self._theta[:, lane] = problem.of_replicate("theta0", row)
        self._data = tuple(map(np.ascontiguousarray, (problem.x_train, problem.y_train)))
        self._mine = np.array([np.minimum(lanes, len(part) - 1) for part in self._data])
        self._run_velocity = velocity
        has_velocity = velocity is not None
        self._velocity = vectors.zeros(
            network.parameter_count if has_velocity else 1, width, dtype=dtype
        )
        if has_velocity:
            self._velocity[:] = velocity[lanes].T
        inputs = network.sizes[0]
        ahead = max(1, _LOOKED_UP // (samples * (inputs + 1)))
        self._looked_up = vectors.zeros(ahead * samples * (inputs + 1), width, dtype=dtype)
        # Kernels take four samples at a time.
        whole = samples + -samples % 4
        units = whole * sum(network.sizes[1:])
        self._room = vectors.zeros(whole * inputs + 2 * units, width, dtype=dtype)
        self._layout = _layout(network, whole)
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

    def keep_velocity(self) -> None:
        """Hand on the velocities that the replicates have now."""
        if self._run_velocity is not None:
            self._run_velocity[self._rows] = self._velocity[:, : len(self._rows)].T

    def advance(self, first: int, step_sizes: np.ndarray) -> None:
        """Make the updates of iterations first, first + 1, ... with step sizes (R, count)."""
        if (self.diverged_at >= 0).all():
            return
        index, noise = self._drawn.take(first, first + step_sizes.shape[1])
        data = (
            *self._data,
            index,
            noise.astype(self._theta.dtype, copy=False),
            np.ascontiguousarray(step_sizes, dtype=self._theta.dtype),
        )
        kernel = batch_two_layer_lanes if len(self._layout) == 2 else batch_lanes
        kernel.descend(
            data,
            self._mine,
            self._layout,
            (self._theta, self._velocity, self._looked_up, self._room, self._going),
            self._options,
            self._limit,
            first,
            self.diverged_at,
        )


def _layout(network, samples):
    """What `batch_lanes.py` says that a kernel has to know of each layer, (L, 6), int64."""
    rows, weights = [], 0
    units = samples * sum(network.sizes[1:])
    first = samples * network.sizes[0]
    for outputs, inputs, has_bias in network.shapes:
        biases = weights + outputs * inputs
        rows.append((weights, biases if has_bias else -1, inputs, outputs, first, first + units))
        weights = biases + outputs * has_bias
        first += samples * outputs
    return np.array(rows)
