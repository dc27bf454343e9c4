"""Chaos, from measured tables: how fast copies of a replicate part that start within rounding."""

from typing import NamedTuple

import numpy as np
import pandas as pd

# The window of the fit. Below it is the rounding of the measurement itself; above it, copies are as
# far apart as two different runs, and part no further.
LOW, HIGH = 1e-12, 1e-2
# With fewer snapshots in the window there is no rate.
FEWEST_SNAPSHOTS = 5
# What is compared, where nothing else is said.
METRIC = "train_loss"


class Growth(NamedTuple):
    """Exponential growth s(t) = level exp(t / time) at the iterations `first` to `last`.

    `time` is the Lyapunov time, in iterations. NaN where there is no growth through the window.
    """

    time: float
    level: float
    first: float
    last: float

    def at(self, iterations: np.ndarray) -> np.ndarray:
        """s(t), as fitted."""
        return self.level * np.exp(np.asarray(iterations) / self.time)


NONE = Growth(np.nan, np.nan, np.nan, np.nan)


def separations(of_run: pd.DataFrame, metric: str = METRIC) -> pd.DataFrame:
    """abs(log m_r - log m_0) of a positive metric, a row a snapshot, a column a replicate r > 0.

    `of_run` holds the measurements of one run, whose replicates are copies of replicate 0. NaN
    where one of the two has no value, as after a divergence.
    """
    values = of_run.pivot(index="iteration", columns="replicate", values=metric)
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithms = np.log(values.astype(float))
    apart = logarithms.sub(logarithms[0], axis=0).drop(columns=0).abs()
    return apart.replace(np.inf, np.nan)


def growth(apart: pd.DataFrame) -> Growth:
    """Least-squares line through the logarithm of the copies' median separation s(t).

    The window begins behind the last snapshot at which s < `LOW` and ends before the first at which
    s >= `HIGH`. No growth where s never gets there, where fewer than `FEWEST_SNAPSHOTS` lie in
    between, or where the slope is not positive.
    """
    median = apart.median(axis=1).dropna()
    beyond = np.flatnonzero(median.to_numpy() >= HIGH)
    if not len(beyond):
        return NONE
    inside = median.iloc[: beyond[0]]
    below = np.flatnonzero(inside.to_numpy() < LOW)
    inside = inside.iloc[below[-1] + 1 if len(below) else 0 :]
    if len(inside) < FEWEST_SNAPSHOTS:
        return NONE
    slope, height = np.polyfit(inside.index.to_numpy(dtype=float), np.log(inside), 1)
    if not slope > 0:
        return NONE
    return Growth(1 / slope, np.exp(height), inside.index[0], inside.index[-1])
