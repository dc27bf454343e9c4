"""Effects, intervals, p-values, corrections and verdicts; binomial probabilities written out."""

from math import comb

import numpy as np


def binomial(n, p, counts):
    """P(Bin(n, p) is one of these)."""
    return sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in counts)


def interval(effects):
    """From the k-th of n effects to the k-th from above, k the largest that covers 95 %."""
    n, ordered = len(effects), sorted(effects)
    covering = [k for k in range(1, n // 2 + 1) if 1 - 2 * binomial(n, 0.5, range(k)) >= 0.95]
    if not covering:
        return np.nan, np.nan
    k = max(covering)
    return ordered[k - 1], ordered[n - k]


def sign_test(effects, bounds):
    """Two-sided p, the larger one of two bounds; what is equal to a bound is left out."""
    found = []
    for bound in bounds:
        lower = sum(effect < bound for effect in effects)
        higher = sum(effect > bound for effect in effects)
        tail = binomial(lower + higher, 0.5, range(min(lower, higher) + 1))
        found.append(min(1.0, 2 * tail))
    return max(found) if len(effects) else np.nan


def holm(p):
    """The i-th smallest becomes the largest of (m + 1 - j) p_(j), j <= i, at most 1."""
    # Of equal ones the first has the largest factor: as many as are not smaller.
    return [min(1.0, max(sum(q >= r for q in p) * r for r in p if r <= own)) for own in p]


def benjamini_hochberg(p):
    """The smallest of m p_(j) / j over p_(j) >= own, at most 1."""
    m = len(p)
    return [min(1.0, *(m * r / sum(q <= r for q in p) for r in p if r >= own)) for own in p]


def clopper_pearson(count, of):
    """The probabilities at which so many successes, or as many more (fewer), have 2.5 %."""
    if not of:
        return np.nan, np.nan
    low = _root(lambda p: binomial(of, p, range(count, of + 1)) - 0.025) if count else 0.0
    high = _root(lambda p: 0.025 - binomial(of, p, range(count + 1))) if count < of else 1.0
    return low, high


def _root(rising):
    low, high = 0.0, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return low


def kendall(x, y):
    """tau-b of the pairs without a NaN; NaN where there are fewer than three."""
    known = [(a, b) for a, b in zip(x, y, strict=True) if not np.isnan(b)]
    if len(known) < 3:
        return np.nan
    concordant = discordant = untied_x = untied_y = 0
    for i in range(len(known)):
        for j in range(i):
            dx, dy = known[i][0] - known[j][0], known[i][1] - known[j][1]
            concordant += dx * dy > 0
            discordant += dx * dy < 0
            untied_x += dx != 0
            untied_y += dy != 0
    size = np.sqrt(untied_x * untied_y)
    return (concordant - discordant) / size if size else 0.0


def worst(effects, lost, above, below):
    """Verdict and p with the lost ones infinitely far on the side that is worse for the claim."""
    bounds = [bound for bound in (above, below) if abs(bound) < np.inf]
    sides = [side for side, bound in ((-np.inf, above), (np.inf, below)) if abs(bound) < np.inf]
    found = []
    for side in sides:
        all_of_them = effects + [side] * lost
        found.append(
            (verdict(*interval(all_of_them), above, below), sign_test(all_of_them, bounds))
        )
    order = ["contradicted", "not shown", "holds"]
    return min(found, key=lambda of: (order.index(of[0]), -of[1]))


def effect(kind, a, b):
    """b - a, or b / a, which is 1 where both are 0."""
    if kind == "difference":
        return b - a
    if a == b:
        return 1.0
    return b / a if a else np.inf


def median(values):
    """NaN of none, and of those that are not NaN."""
    known = sorted(value for value in values if not np.isnan(value))
    if not known:
        return np.nan
    return (known[(len(known) - 1) // 2] + known[len(known) // 2]) / 2


def verdict(low, high, above, below):
    """Where the whole interval lies."""
    if above < low and (high < below or below == np.inf):
        return "holds"
    if low > below or high < above:
        return "contradicted"
    return "not shown"
