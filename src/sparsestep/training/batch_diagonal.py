"""Compiled SGD on batches, with momentum and weight decay, on diagonal linear networks.

The loss of a batch of B samples is (1/2B) sum_b (<u * v, x_b> - y_b - zeta_b)^2; what an update is
stands in `algorithms/momentum.py`, which samples a batch has in `batches.py`. Full-batch descent is
the same with all samples in their order. One replicate is one call that holds no lock; the bits are
the same on any processor (`arithmetic/vectors.py`) and for any number of threads.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sparsestep import algorithms
from sparsestep.arithmetic import vectors
from sparsestep.arithmetic.vectors import (
    jit,
    lanes_of,
    load,
    minus_product,
    plus_product,
    spread,
    store,
    times,
    total,
    zero,
)
from sparsestep.artifacts.arrays import Problem
from sparsestep.training import precision, updates

# Of diagonal networks, which are trained in float64.
_EXPLODED = precision.exploded(np.dtype(np.float64))


def train(
    problem: Problem, spec: dict, step_sizes: np.ndarray, snapshots: np.ndarray, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Parameters at the snapshots, (R, S, 2d), and where each replicate diverged, (R,).

    `step_sizes` has shape (R, T), `snapshots` are sorted iterations. float64 throughout; NaN after
    divergence, and -1 where a replicate survived. A replicate diverges at the first update before
    which a residual of its batch is beyond 1e100. With `log_loss`, a training may go on
    from the last snapshot (`resumption.py`).
    """
    options = algorithms.from_spec(spec["algorithm"])
    replicates, iterations = len(problem.order), step_sizes.shape[1]
    parameters = np.full((replicates, len(snapshots), problem.theta0.shape[-1]), np.nan)
    diverged_at = np.full(replicates, -1)
    continued = updates.Continued(problem, options)

    def train_replicate(row: int) -> None:
        drawn = updates.Drawn([continued.samples[row]], iterations)
        path = _Path(problem, options, row, drawn, continued.velocity)
        for first, stop, kept in updates.stops(snapshots, iterations, drawn.longest):
            if kept is not None:
                parameters[row, kept] = path.parameters()
            if kept == len(snapshots) - 1:
                path.keep_velocity()
            exploded = path.advance(first, step_sizes[row, first:stop])
            if exploded >= 0:
                diverged_at[row] = first + exploded
                return

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(train_replicate, range(replicates)))
    return continued.carried(parameters, snapshots), diverged_at


class _Path:
    """One replicate on its way."""

    def __init__(self, problem: Problem, options, row: int, drawn, velocity):
        self._drawn = drawn
        self._x = vectors.padded(problem.of_replicate("x_train", row))
        self._y = problem.of_replicate("y_train", row)
        theta = problem.of_replicate("theta0", row)
        self._inputs = len(theta) // 2
        # u, then v.
        self._theta = vectors.padded(theta.reshape(2, -1))
        has_velocity = velocity is not None
        self._velocity = vectors.zeros(*(self._theta.shape if has_velocity else (1, 8)))
        self._of_run = velocity[row].reshape(2, -1) if has_velocity else None
        if has_velocity:
            self._velocity[:, : self._inputs] = self._of_run
        # beta, and sums over samples of residual times input.
        self._room = vectors.zeros(2, self._theta.shape[1])
        self._options = (
            options.momentum if has_velocity else None,
            True if options.nesterov else None,
            options.weight_decay if options.weight_decay > 0 else None,
        )

    def parameters(self) -> np.ndarray:
        """theta, (2d,)."""
        return self._theta[:, : self._inputs].ravel()

    def keep_velocity(self) -> None:
        """Hand on the velocity that the replicate has now."""
        if self._of_run is not None:
            self._of_run[:] = self._velocity[:, : self._inputs]

    def advance(self, first: int, step_sizes: np.ndarray) -> int:
        """Make the updates from iteration `first` on; which one it diverged at, or -1."""
        index, noise = self._drawn.take(first, first + len(step_sizes))
        return _descend(
            self._x,
            self._y,
            index[:, 0],
            noise[:, 0],
            np.ascontiguousarray(step_sizes),
            self._theta,
            self._velocity,
            self._room,
            *self._options,
        )


@jit
def _descend(x, y, index, noise, step_sizes, theta, velocity, room, momentum, nesterov, decay):
    """`momentum`, `nesterov`, `decay`: None where there is none, so that it is compiled without."""
    samples = index.shape[1]
    rows = theta.shape[1] // lanes_of(theta)
    beta, weighted = room[0], room[1]
    residuals = np.zeros(4)
    for t in range(step_sizes.shape[0]):
        # Of all samples in their order there is one row.
        of_update = index[min(t, index.shape[0] - 1)]
        for j in range(beta.shape[0]):
            # Scaled, so that the product is never subnormal; what vanished counts as zero, NaN not.
            scaled = (theta[0, j] * 1e100) * theta[1, j]
            beta[j] = 0.0 if abs(scaled) <= 1e-190 else scaled * 1e-100
            weighted[j] = 0.0
        for b in range(0, samples, 4):
            count = min(4, samples - b)
            if not _add_samples(x, y, beta, weighted, of_update, noise, t, b, count, residuals):
                return t
        factor = spread(1.0 / samples)
        eta = spread(step_sizes[t])
        for j in range(rows):
            slope = times(factor, load(weighted, j))
            u, v = load(theta, j), load(theta, rows + j)
            _step(theta, velocity, j, times(slope, v), eta, momentum, nesterov, decay)
            _step(theta, velocity, rows + j, times(slope, u), eta, momentum, nesterov, decay)
    return -1


@jit
def _add_samples(x, y, beta, weighted, index, noise, t, first, count, residuals):
    """weighted += sum of residual * x over up to four samples; False where one exploded."""
    rows = beta.shape[0] // lanes_of(beta)
    # Samples that are not there are the last one, with a residual of zero.
    at = (
        index[first] * rows,
        index[first + min(1, count - 1)] * rows,
        index[first + min(2, count - 1)] * rows,
        index[first + min(3, count - 1)] * rows,
    )
    a, b, c, d = zero(beta), zero(beta), zero(beta), zero(beta)
    for j in range(rows):
        beta_j = load(beta, j)
        a = plus_product(a, beta_j, load(x, at[0] + j))
        b = plus_product(b, beta_j, load(x, at[1] + j))
        c = plus_product(c, beta_j, load(x, at[2] + j))
        d = plus_product(d, beta_j, load(x, at[3] + j))
    residuals[0], residuals[1], residuals[2], residuals[3] = total(a), total(b), total(c), total(d)
    for s in range(4):
        if s >= count:
            residuals[s] = 0.0
            continue
        label = y[index[first + s]]
        if noise.shape[1] > 0:
            label += noise[t, first + s]
        residuals[s] -= label
        # NaN is not below.
        if not abs(residuals[s]) < _EXPLODED:
            return False
    a, b = spread(residuals[0]), spread(residuals[1])
    c, d = spread(residuals[2]), spread(residuals[3])
    for j in range(rows):
        sum_j = plus_product(load(weighted, j), a, load(x, at[0] + j))
        sum_j = plus_product(sum_j, b, load(x, at[1] + j))
        sum_j = plus_product(sum_j, c, load(x, at[2] + j))
        store(weighted, j, plus_product(sum_j, d, load(x, at[3] + j)))
    return True


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
