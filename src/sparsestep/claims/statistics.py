"""Sign tests of the median effect over pairs of replicates: intervals, p-values, corrections.

All of it is the sign test, which asks for nothing but pairs that are independent of each other: of
n effects, the number that lies below their median is Bin(n, 1/2), whatever their distribution.
"""

from collections.abc import Callable

import numpy as np
from scipy import stats

from sparsestep.claims.level import FEWEST, LEVEL


def interval(effects: np.ndarray) -> tuple[float, float]:
    """Exact 95 % interval of the median of `effects`, (n,): its sign test, inverted.

    The pair of order statistics [x_(k), x_(n+1-k)] with the largest k for which the coverage
    1 - 2 P(Bin(n, 1/2) <= k - 1) is at least 0.95; NaN below `FEWEST`. Nothing is interpolated, so
    that effects may be infinite.
    """
    if len(effects) < FEWEST:
        return np.nan, np.nan
    test = stats.quantile_test(np.asarray(effects, dtype=float), q=0.0, p=0.5)
    found = test.confidence_interval(1 - LEVEL)
    return float(found.low), float(found.high)


def p_value(effects: np.ndarray, below: float, above: float = -np.inf) -> float:
    """Exact two-sided p of the claim that the median effect lies between `above` and `below`.

    At a bound it is the sign test's, of (number below it, number above it) under Bin(., 1/2),
    effects equal to the bound left out: 1 where all are, NaN without effects. Of two bounds
    p is the larger one: between them both have to be refuted; beyond one, the other's is smaller.
    """
    if not len(effects):
        return np.nan
    return max(_sign_test(effects, bound) for bound in (above, below) if np.isfinite(bound))


def verdict(low: float, high: float, below: float, above: float = -np.inf) -> str:
    """What an interval says about the claim that the effect lies between `above` and `below`."""
    # Where there is no upper bound, the interval may end at infinity.
    if above < low and (high < below or below == np.inf):
        return "holds"
    if low > below or high < above:
        return "contradicted"
    return "not shown"


def corrected_verdict(raw: str, p_fdr: float) -> str:
    """The verdict that is left when a family's false discovery rate is held at `LEVEL`."""
    return raw if p_fdr <= LEVEL else "not shown"


def family_wise(p: np.ndarray) -> np.ndarray:
    """Holm's adjusted p, (m,), of a family's; NaN, of what was not tested, is no part of it.

    Of p_(1) <= ... <= p_(m), the i-th becomes max over j <= i of min(1, (m + 1 - j) p_(j)).
    """
    return _of_tested(p, _holm)


def false_discovery(p: np.ndarray) -> np.ndarray:
    """Benjamini and Hochberg's adjusted p, (m,), of a family's; NaN as in `family_wise`."""
    return _of_tested(p, stats.false_discovery_control)


def _sign_test(effects: np.ndarray, bound: float) -> float:
    lower, higher = int(np.sum(effects < bound)), int(np.sum(effects > bound))
    if lower + higher == 0:
        return 1.0
    return float(stats.binomtest(lower, lower + higher).pvalue)


def _holm(p: np.ndarray) -> np.ndarray:
    order = np.argsort(p)
    adjusted = np.empty(len(p))
    steps = np.maximum.accumulate(np.arange(len(p), 0, -1) * p[order])
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def _of_tested(p: np.ndarray, adjust: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    p = np.asarray(p, dtype=float)
    adjusted, tested = np.full(len(p), np.nan), ~np.isnan(p)
    if tested.any():
        adjusted[tested] = adjust(p[tested])
    return adjusted
