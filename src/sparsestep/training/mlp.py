"""Compiled batch-1 SGD on fully connected ReLU networks.

The loss of a sample is (h(x) - y)^2, so that a step is theta -= 2 eta (h - y) grad h; see
`tests/support/oracles.py` for autograd doing the same. relu'(0) = 0, as in torch. Threads run
groups of replicates side by side; a replicate's arithmetic is the same whatever the number of
threads, its batch and the processor.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sparsestep.arithmetic.vectors import lanes
from sparsestep.artifacts.arrays import Problem
from sparsestep.models import mlp
from sparsestep.training import mlp_lanes, precision


def train(
    problem: Problem, spec: dict, step_sizes: np.ndarray, snapshots: np.ndarray, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Parameters at the snapshots, (R, S, P), and where each replicate diverged, (R,).

    `step_sizes` has shape (R, T), `snapshots` are sorted iterations. Computed in the algorithm's
    `precision`, float64 arrays in either; NaN after divergence, and -1 where a replicate survived.
    The layout of P is that of `models.mlp`.
    """
    problem = precision.rounded(problem, spec)
    network = mlp.Network(mlp.Spec(**spec["model"]), problem.x_train.shape[-1])
    replicates = len(problem.order)
    parameters = np.full((replicates, len(snapshots), network.parameter_count), np.nan)
    diverged_at = np.empty(replicates, dtype=np.int64)
    size = lanes(problem.theta0.dtype)
    groups = [range(first, min(first + size, replicates)) for first in range(0, replicates, size)]

    def train_group(rows: range) -> None:
        mlp_lanes.train(network, problem, rows, step_sizes, snapshots, parameters, diverged_at)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(train_group, groups))
    return parameters, diverged_at
