"""The training loss of every iteration: its level and its change over the later half so far."""

from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed

if TYPE_CHECKING:
    from sparsestep.contracts import Network

# The runs must keep the loss before every update (`log_loss`).
NEEDS_LOG = True
# What is measured of a snapshot is about all iterations before it.
OF_ALL_SNAPSHOTS = True
# Through fewer points no line is fitted.
_FEWEST = 3


class Spec(Closed):
    """No options."""


def columns(options: Spec) -> list[str]:
    """What `measure` returns."""
    return ["running_loss", "running_change"]


def measure(
    problem: Problem, trajectory: Trajectory, network: "Network", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """Columns, each (R, S), float64; L(tau) is the training loss before update tau, of all samples.

    At a snapshot t, over the iterations t/2 <= tau < t:

    `running_loss`: 10^(mean of log10 L(tau)), the geometric mean; NaN where there is no iteration.
    `running_change`: 10^(s t/2), s the least-squares slope of log10 L(tau) against tau: the factor
        by which the loss changes; NaN with fewer than three iterations, or where an L(tau) is 0.

    Both are NaN from the iteration on at which the replicate diverged.
    """
    iterations = trajectory.iterations
    found = {
        name: np.full((len(trajectory.diverged_at), len(iterations)), np.nan)
        for name in columns(options)
    }
    with np.errstate(divide="ignore"):
        logs = np.log10(trajectory.train_loss)
    for column, t in enumerate(iterations):
        start = (t + 1) // 2
        if start == t:
            continue
        window = logs[:, start:t]
        found["running_loss"][:, column] = 10 ** window.mean(axis=1)
        if t - start >= _FEWEST:
            found["running_change"][:, column] = 10 ** (_slopes(window) * t / 2)
    gone = (trajectory.diverged_at[:, None] >= 0) & (iterations >= trajectory.diverged_at[:, None])
    return {name: np.where(gone, np.nan, values) for name, values in found.items()}


def _slopes(values: np.ndarray) -> np.ndarray:
    """Least-squares slope of each row, an entry an iteration; NaN where one is not finite."""
    at = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2
    finite = np.isfinite(values).all(axis=1)
    slopes = np.full(len(values), np.nan)
    slopes[finite] = (values[finite] * at).sum(axis=1) / (at**2).sum()
    return slopes
