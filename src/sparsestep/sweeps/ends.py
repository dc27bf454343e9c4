"""The end of a point of a sweep over keys: which snapshots count, and its row a replicate."""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Trajectory

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("replicate", "iteration", "diverged_at")


def counted(trajectory: Trajectory, iterations: int, average: float | None) -> Trajectory:
    """The last snapshot alone or, with `average` f, those at iterations >= (1 - f) T.

    `iterations` is T. Always at least the last snapshot.
    """
    first = -1
    if average is not None:
        late = trajectory.iterations >= (1 - average) * iterations
        first = min(int(np.argmax(late)) if late.any() else -1, len(late) - 1)
    return dataclasses.replace(
        trajectory,
        iterations=trajectory.iterations[first:],
        parameters=trajectory.parameters[:, first:],
        step_sizes=trajectory.step_sizes[:, first:],
    )


def table(measured: "pd.DataFrame", diverged_at: np.ndarray) -> "pd.DataFrame":
    """One row a replicate: means over what is `measured` of the snapshots that count.

    Of a replicate that diverged, the means are NaN: it may diverge behind its last snapshot.
    `diverged_at` has one entry a replicate, -1 where it survived.
    """
    found = measured.groupby("replicate", as_index=False, sort=False).last()
    metrics = [name for name in measured if name not in KEYS]
    means = measured.groupby("replicate", sort=False)[metrics].agg(lambda of: of.mean(skipna=False))
    survived = (diverged_at < 0)[:, None]
    found[metrics] = np.where(survived, means.to_numpy(dtype=float), np.nan)
    return found


def with_values(found: "pd.DataFrame", over: list[str], values: dict) -> "pd.DataFrame":
    """The table with a column in front for each key of a point."""
    for place, key in enumerate(over):
        found.insert(place, key, values[key])
    return found
