"""Full-batch descent with or without label noise: gd, label noise, the SDE, gradient flow.

What differs between models is a **descent**: an object for the replicates of one group with

- `Descent(network, problem, rows)`, `Descent.GROUP`, how many replicates it takes side by side, and
  `samples`, n,
- `parameters()`, (G, P), where they are now,
- `advance(step_sizes (B, G), noise (B, n, G) or None, multiplicative)`, which makes B updates
  theta -= (gamma f / n) sum_i (h_i - y_i - zeta_i) grad h_i and returns (G,), the update at which
  each diverged, -1 where it did not.

The descents are compiled (`diagonal_descent.py`, `mlp_descent.py`, `mlp_two_layer_descent.py`).
Noise is drawn block by block outside: NumPy's ziggurat takes as long as a few samples' gradients,
and so each replicate's stream is read in order, whatever the blocks.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sparsestep import algorithms, registry
from sparsestep.artifacts import Problem

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
    replicate whose other run diverged has diverged from there on.
    """
    model = registry.load("model", spec["model"]["kind"])
    network = model.Network(model.Spec(**spec["model"]), problem.x_train.shape[-1])
    replicates = len(problem.order)
    parameters = np.full((replicates, len(snapshots), problem.theta0.shape[-1]), np.nan)
    diverged_at = np.full(replicates, -1)
    groups = [
        np.arange(first, min(first + descent.GROUP, replicates))
        for first in range(0, replicates, descent.GROUP)
    ]

    def train_group(rows: np.ndarray) -> None:
        group = descent(network, problem, rows)
        noises = _noises(spec, problem, rows, network.loss_factor, train_loss)
        diverged_at[rows] = _run(
            group, noises, spec, step_sizes[rows], snapshots, parameters[rows[0] : rows[-1] + 1]
        )

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(train_group, groups))
    return parameters, diverged_at


def _noises(spec, problem, rows, loss_factor, train_loss) -> list:
    module = registry.load("algorithm", spec["algorithm"]["kind"])
    options = algorithms.from_spec(spec["algorithm"])
    return [module.noise(options, problem, row, loss_factor, train_loss) for row in rows]


def _run(group, noises, spec, step_sizes, snapshots, out) -> np.ndarray:
    """Fill `out`, (G, S, P), and return the iteration at which each replicate diverged, (G,)."""
    iterations = step_sizes.shape[1]
    substeps = algorithms.from_spec(spec["algorithm"]).substeps
    longest = max(1, _BLOCK // (group.samples * len(noises) * substeps))
    diverged_at = np.full(len(noises), -1)
    stops = np.union1d(snapshots, [*range(0, iterations, longest), iterations])
    taken = 0
    for first, stop in itertools.pairwise(stops):
        if taken < len(snapshots) and snapshots[taken] == first:
            out[:, taken] = group.parameters()
            taken += 1
        gammas = np.repeat(step_sizes[:, first:stop].T / substeps, substeps, axis=0)
        exploded = group.advance(gammas, *_draw(noises, first * substeps, len(gammas)))
        new = (diverged_at < 0) & (exploded >= 0)
        diverged_at[new] = first + exploded[new] // substeps
        if np.all(diverged_at >= 0):
            break
    return diverged_at


def _draw(noises: list, first: int, count: int) -> tuple[np.ndarray | None, bool]:
    """Noise of the group's replicates, (B, n, G), and whether it multiplies the residuals."""
    if noises[0] is None:
        return None, False
    drawn = [noise.draw(first, count) for noise in noises]
    return np.stack(drawn, axis=-1), noises[0].multiplicative
