"""Training with the training loss of every iteration, for runs that follow this one."""

import dataclasses
from types import ModuleType

import numpy as np

from sparsestep import models
from sparsestep.artifacts.arrays import Problem

# Iterations whose parameters are held at a time: 26 MB for 16 diagonal networks of Figure 2.
_BLOCK = 500


def train(
    trainer: ModuleType,
    problem: Problem,
    spec: dict,
    step_sizes: np.ndarray,
    snapshots: np.ndarray,
    threads: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What `trainer.train` returns, and the training loss before every update, (R, T), float64.

    The trainer makes a block of iterations with a snapshot at each, the losses are computed from
    those, and the next block starts from the last: the same updates, whatever the trainer. The loss
    is NaN from a divergence on.
    """
    network = models.from_spec(spec["model"], problem.x_train.shape[-1])
    replicates, iterations = step_sizes.shape
    losses = np.full((replicates, iterations), np.nan)
    parameters = np.full((replicates, len(snapshots), problem.theta0.shape[-1]), np.nan)
    diverged_at = np.full(replicates, -1)
    block = problem
    for first in range(0, iterations, _BLOCK):
        stop = min(first + _BLOCK, iterations)
        # One more than is made here, because snapshots are taken before an update.
        steps = slice(first, stop + 1)
        block = dataclasses.replace(block, order=problem.order[:, steps])
        every = np.arange(block.order.shape[1])
        kept, exploded = trainer.train(block, spec, step_sizes[:, steps], every, threads)
        new = (diverged_at < 0) & (exploded >= 0) & (exploded < stop - first)
        diverged_at[new] = first + exploded[new]
        for row in range(replicates):
            losses[row, first:stop] = _loss(network, problem, row, kept[row, : stop - first])
        here = (snapshots >= first) & (snapshots < stop)
        parameters[:, here] = kept[:, snapshots[here] - first]
        block = dataclasses.replace(block, theta0=kept[:, -1])
    gone = (diverged_at[:, None] >= 0) & (np.arange(iterations) >= diverged_at[:, None])
    losses[gone] = np.nan
    return parameters, diverged_at, losses


def _loss(network, problem: Problem, row: int, theta: np.ndarray) -> np.ndarray:
    x, y = problem.of_replicate("x_train", row), problem.of_replicate("y_train", row)
    # On its way to infinity.
    with np.errstate(over="ignore", invalid="ignore"):
        residual = network.predict(theta, x) - y
        return network.loss_factor * np.mean(residual**2, axis=1)
