"""Full-batch descent with or without label noise: gd, label noise, the SDE, gradient flow.

What differs between models is a **descent**: an object for one replicate with

- `Descent(network, problem, row)`, which computes in the type of the problem's theta0, and
  `samples`, n,
- `parameters()`, (P,), where it is now,
- `advance(step_sizes (B,), noise (B, n) or (0, n), multiplicative)`, which makes B updates
  theta -= (gamma f / n) sum_i (h_i - y_i - zeta_i) grad h_i and returns the update at which the
  replicate diverged, -1 where it did not. With noise of no rows, zeta is zero.

The descents are compiled (`diagonal_descent.py`, `mlp_descent.py`, `mlp_two_layer_descent.py`).
Noise is drawn block by block outside: NumPy's ziggurat takes as long as a few samples' gradients,
and so each replicate's stream is read in order, whatever the blocks.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sparsestep import algorithms, models, registry
from sparsestep.artifacts.arrays import Problem
from sparsestep.training import precision

# Numbers of noise that a block draws: half a megabyte, which stays in a core's cache.
_BLOCK = 2**16


def train(
    descent: type,
    problem: Problem,
    spec: dict,
    step_sizes: np.ndarray,
    snapshots: np.ndarray,
    threads: int,
    train_loss: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Parameters at the snapshots, (R, S, P), and where each replicate diverged, (R,).

    `descent` is the class described above. `step_sizes`, (R, T), are those of an
    iteration; an algorithm with m `substeps` makes m updates of step_sizes / m in each.
    `train_loss`, (R, T), is that of the run which this one is `of`. Where that sets the noise, a
    replicate whose other run diverged has diverged from there on. Noise is drawn in float64.
    """
    network = models.from_spec(spec["model"], problem.x_train.shape[-1])
    replicates = len(problem.order)
    parameters = np.full((replicates, len(snapshots), problem.theta0.shape[-1]), np.nan)
    diverged_at = np.full(replicates, -1)
    module = registry.load("algorithm", spec["algorithm"]["kind"])
    options = algorithms.from_spec(spec["algorithm"])
    start = precision.rounded(problem, spec)

    def train_replicate(row: int) -> None:
        path = descent(network, start, row)
        noise = module.noise(options, problem, row, network.loss_factor, train_loss)
        substeps = getattr(options, "substeps", 1)
        diverged_at[row] = _run(path, noise, substeps, step_sizes[row], snapshots, parameters[row])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(train_replicate, range(replicates)))
    return parameters, diverged_at


def _run(path, noise, substeps, step_sizes, snapshots, out) -> int:
    """Fill `out`, (S, P), and return the iteration at which the replicate diverged, or -1."""
    iterations = len(step_sizes)
    longest = max(1, _BLOCK // (path.samples * substeps))
    stops = np.union1d(snapshots, [*range(0, iterations, longest), iterations])
    taken = 0
    for first, stop in itertools.pairwise(stops):
        if taken < len(snapshots) and snapshots[taken] == first:
            out[taken] = path.parameters()
            taken += 1
        gammas = np.repeat(step_sizes[first:stop] / substeps, substeps)
        drawn, multiplicative = np.empty((0, path.samples)), False
        if noise is not None:
            drawn = noise.draw(first * substeps, len(gammas))
            multiplicative = noise.multiplicative
        exploded = path.advance(gammas, drawn, multiplicative)
        if exploded >= 0:
            return first + exploded // substeps
    return -1
