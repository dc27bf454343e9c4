"""Power laws through replicates: y = a x^b, with a bootstrap interval of the exponent b."""

from typing import NamedTuple

import numpy as np
import pandas as pd

DRAWS = 2000
LEVEL = 0.95
_SEED = 0


class PowerLaw(NamedTuple):
    """y = factor x^exponent.

    Attributes:
        factor, exponent: of the fit; NaN where there is none.
        low, high: ends of the exponent's interval; NaN where there is none.
        replicates: how many have a value that counts.
    """

    factor: float
    exponent: float
    low: float
    high: float
    replicates: int


def fit(values: pd.DataFrame) -> PowerLaw:
    """The power law through all finite y > 0 of `values`, a row an x > 0, a column a replicate.

    log y = log a + b log x by least squares, every value with the same weight. The interval is the
    percentile bootstrap's, 95 %: replicates are drawn with replacement, each with its values at all
    x, 2000 times from a fixed seed, and the 2.5 and 97.5 % quantiles of the exponents taken.
    Without two x that have a value there is no exponent, with less than two replicates no interval.
    """
    x = np.log(values.index.to_numpy(dtype=float))[:, None]
    y = values.to_numpy(dtype=float)
    known = np.isfinite(y) & (np.where(np.isfinite(y), y, 0) > 0)
    logs = np.log(np.where(known, y, 1.0))
    # Of each replicate: how many values, and the sums of x, y, x^2, x y, about the middle of x.
    middle = float((x * known).sum() / known.sum()) if known.any() else 0.0
    x = (x - middle) * known
    sums = np.stack([known.sum(0), x.sum(0), logs.sum(0), (x * x).sum(0), (x * logs).sum(0)])
    sums = sums[:, known.any(axis=0)]
    replicates = sums.shape[1]
    height, exponent = _line(sums.sum(axis=1))
    ends = _interval(sums) if replicates > 1 and np.isfinite(exponent) else (np.nan, np.nan)
    factor = float(np.exp(height - exponent * middle))
    return PowerLaw(factor, float(exponent), *map(float, ends), replicates)


def _interval(sums: np.ndarray) -> tuple[float, float]:
    count = sums.shape[1]
    drawn = np.random.default_rng(_SEED).integers(count, size=(DRAWS, count))
    _, exponents = _line(sums[:, drawn].sum(axis=2))
    outside = (1 - LEVEL) / 2
    low, high = np.nanquantile(exponents, [outside, 1 - outside])
    return low, high


def _line(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Height at x = 0 and slope, from n and the sums of x, y, x^2, x y; NaN where all x agree."""
    n, x, y, xx, xy = sums.astype(float)
    spread = n * xx - x * x
    # Rounding leaves a little of a spread that is none.
    spread = np.where(spread > 1e-12 * np.maximum(n * xx, 1e-300), spread, np.nan)
    slope = (n * xy - x * y) / spread
    with np.errstate(invalid="ignore", divide="ignore"):
        return (y - slope * x) / n, slope
