"""Power laws through replicates: against fits one at a time, and where there is none."""

import numpy as np
import pandas as pd
import pytest

from sparsestep.measures import power_law

X = [1.0, 3.0, 10.0, 40.0]


def noisy(replicates=6, seed=3):
    random = np.random.default_rng(seed)
    y = 3 * np.array(X)[:, None] ** -1.5 * np.exp(0.3 * random.standard_normal((4, replicates)))
    return pd.DataFrame(y, index=X)


def slope(values):
    """Least squares by numpy, a value at a time."""
    points = [
        (np.log(x), np.log(y))
        for x, row in values.iterrows()
        for y in row
        if np.isfinite(y) and y > 0
    ]
    found = np.polyfit(*zip(*points, strict=True), 1)
    return found[0], np.exp(found[1])


def test_an_exact_law():
    found = power_law.fit(pd.DataFrame({0: 3 * np.array(X) ** -1.5}, index=X))
    assert found.factor == pytest.approx(3)
    assert found.exponent == pytest.approx(-1.5)
    # Of a single replicate nothing is known of others.
    assert np.isnan([found.low, found.high]).all()
    assert found.replicates == 1


def test_against_fits_one_at_a_time():
    values = noisy()
    values.iloc[1, 2], values.iloc[3, 4], values.iloc[2, 0] = np.nan, 0.0, -1.0
    values[6] = np.nan
    found = power_law.fit(values)
    assert (found.exponent, found.factor) == pytest.approx(slope(values))
    # A replicate without a value is none.
    assert found.replicates == 6
    drawn = np.random.default_rng(0).integers(6, size=(power_law.DRAWS, 6))
    slopes = [slope(values.iloc[:, which])[0] for which in drawn]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(slopes, [0.025, 0.975])))
    assert found.low < found.exponent < found.high


def test_the_interval_covers_as_often_as_it_says():
    hits = [of.low <= -1.5 <= of.high for of in (power_law.fit(noisy(30, s)) for s in range(200))]
    # Of 200, 190 are expected; at 30 replicates a bootstrap is a little too narrow.
    assert 174 <= sum(hits) <= 199


@pytest.mark.parametrize(
    "values",
    [
        pd.DataFrame({0: [1.0, np.nan], 1: [2.0, np.nan]}, index=[1.0, 2.0]),
        pd.DataFrame({0: [np.nan, 0.0], 1: [-1.0, np.inf]}, index=[1.0, 2.0]),
        pd.DataFrame({0: [1.0], 1: [2.0]}, index=[7.0]),
    ],
)
def test_no_law_without_two_places(values):
    found = power_law.fit(values)
    assert np.isnan([found.factor, found.exponent, found.low, found.high]).all()
