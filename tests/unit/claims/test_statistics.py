"""Intervals, p-values and corrections against sums of binomial coefficients and by simulation."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsestep.claims.statistics import (
    FEWEST,
    corrected_verdict,
    false_discovery,
    family_wise,
    interval,
    p_value,
    verdict,
)


def tail(count, up_to):
    """P(Bin(count, 1/2) <= up_to)."""
    return sum(comb(count, k) for k in range(up_to + 1)) / 2**count


def places(count):
    """Places, from 1, of the interval's ends among `count` sorted values."""
    low, high = interval(np.arange(1.0, count + 1))
    return int(low), int(high)


@pytest.mark.parametrize("count", range(6, 33))
def test_interval_is_the_narrowest_symmetric_pair_that_covers_95_per_cent(count):
    k, last = places(count)
    assert last == count + 1 - k
    # The median lies outside where fewer than k values, or more than n - k, are below it.
    assert 1 - 2 * tail(count, k - 1) >= 0.95
    assert 1 - 2 * tail(count, k) < 0.95


@pytest.mark.parametrize(
    ("count", "expected"), [(6, (1, 6)), (7, (1, 7)), (9, (2, 8)), (13, (3, 11)), (16, (4, 13))]
)
def test_places_of_the_ends(count, expected):
    # Of 7 and 13, the bootstrap took (2, 6) and (4, 10), which cover 87.5 % and 90.8 %.
    assert places(count) == expected


@pytest.mark.parametrize("count", range(6, 33))
def test_interval_covers_the_median_of_skewed_values_as_often_as_it_says(count):
    draws = 20_000
    drawn = np.random.default_rng(count).lognormal(sigma=2.0, size=(draws, count))
    k, last = places(count)
    low, high = np.sort(drawn, axis=1)[:, [k - 1, last - 1]].T
    found = [interval(values) for values in drawn[:10]]
    assert found == list(zip(low[:10], high[:10], strict=True))
    covered = np.mean((low <= 1) & (high >= 1))
    exact = 1 - 2 * tail(count, k - 1)
    # Four standard deviations of a share of as many draws, of which one in 16 000 is further off.
    assert abs(covered - exact) < 4 * np.sqrt(exact * (1 - exact) / draws)
    assert covered > 0.95 - 4 * np.sqrt(0.95 * 0.05 / draws)


def test_no_interval_below_six():
    assert FEWEST == 6
    assert all(np.isnan(interval(np.arange(float(n)))).all() for n in range(6))


@pytest.mark.parametrize(("infinite", "high"), [(3, 7.0), (4, np.inf)])
def test_interval_with_infinite_values(infinite, high):
    # Of sixteen, the fourth from either end.
    values = np.r_[np.full(4, -1.0), np.full(12 - infinite, 7.0), np.full(infinite, np.inf)]
    assert interval(np.random.default_rng(0).permutation(values)) == (-1.0, high)


def test_verdict_needs_the_whole_interval():
    assert verdict(-2, -1, below=0) == "holds"
    assert verdict(1, 2, below=0) == "contradicted"
    assert verdict(-1, 0, below=0) == verdict(0, 1, below=0) == "not shown"
    assert verdict(np.nan, np.nan, below=0) == "not shown"
    assert verdict(0.6, 1.9, below=2, above=0.5) == "holds"
    assert verdict(0.1, 0.4, below=2, above=0.5) == "contradicted"
    assert verdict(0.4, 0.6, below=2, above=0.5) == "not shown"


def effects_of(lower, equal, higher):
    return np.r_[np.full(lower, -1.0), np.zeros(equal), np.full(higher, 2.0)]


@pytest.mark.parametrize(
    ("lower", "equal", "higher", "p"),
    [
        (6, 0, 0, 2 / 2**6),
        (5, 0, 1, 2 * (1 + 6) / 2**6),
        (12, 0, 4, 2 * tail(16, 4)),
        (4, 0, 12, 2 * tail(16, 4)),
        # Equal pairs say nothing about the sign.
        (4, 12, 0, 2 / 2**4),
        (0, 9, 0, 1.0),
        (8, 0, 8, 1.0),
    ],
)
def test_p_is_that_of_the_sign_test(lower, equal, higher, p):
    assert p_value(effects_of(lower, equal, higher), below=0.0) == pytest.approx(p, rel=1e-12)


def test_p_of_a_claim_with_two_bounds():
    inside = np.r_[np.full(2, 0.4), np.full(10, 1.0), np.full(1, 3.0)]
    # Both bounds have to be refuted; 2 of 13 on the wrong side of 1/2 is the weaker evidence.
    assert p_value(inside, 2.0, 0.5) == pytest.approx(2 * tail(13, 2))
    assert p_value(1 / inside, 2.0, 0.5) == pytest.approx(2 * tail(13, 2))
    # Beyond a bound it is the evidence for that: here five of six.
    beyond = np.array([1.0, *[3.0] * 5])
    assert p_value(beyond, 2.0, 0.5) == p_value(1 / beyond, 2.0, 0.5) == 2 * tail(6, 1)
    assert np.isnan(p_value(np.empty(0), 2.0, 0.5))


numbers = st.one_of(st.integers(-3, 3).map(float), st.just(np.inf))


@given(st.lists(numbers, min_size=1, max_size=40))
def test_what_is_shown_has_a_small_p(values):
    effects = np.array(values)
    for bounds in ({"below": 0.0}, {"below": 2.0, "above": -1.0}):
        shown = verdict(*interval(effects), **bounds) != "not shown"
        assert not shown or p_value(effects, **bounds) <= 0.05
        # Without pairs at a bound one follows from the other.
        if not np.isin(effects, list(bounds.values())).any() and len(effects) >= FEWEST:
            assert shown == (p_value(effects, **bounds) <= 0.05)


def test_corrections_of_known_families():
    p = np.array([0.01, np.nan, 0.04, 0.03, 0.005])
    # What was not tested makes the family no larger.
    assert family_wise(p) == pytest.approx([0.03, np.nan, 0.06, 0.06, 0.02], nan_ok=True)
    assert false_discovery(p) == pytest.approx([0.02, np.nan, 0.04, 0.04, 0.02], nan_ok=True)
    assert family_wise(np.array([0.6, 0.9])) == pytest.approx([1.0, 1.0])
    assert np.isnan(family_wise(np.array([np.nan]))).all()
    assert len(false_discovery(np.empty(0))) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_corrections_keep_the_order_and_only_raise(values):
    p = np.array(values)
    for corrected in (family_wise(p), false_discovery(p)):
        assert np.all(corrected >= p * (1 - 1e-12))
        assert np.all(np.diff(corrected[np.argsort(p)]) >= -1e-12)
    # The definition: as many as the smallest p are rejected before the first that is too large.
    ordered = np.sort(p)
    kept = np.cumprod(ordered * np.arange(len(p), 0, -1) <= 0.05).sum()
    assert np.sum(family_wise(p) <= 0.05) == kept
    steps = np.nonzero(ordered * len(p) / np.arange(1, len(p) + 1) <= 0.05)[0]
    assert np.sum(false_discovery(p) <= 0.05) == (steps.max() + 1 if len(steps) else 0)


@pytest.mark.parametrize("raw", ["holds", "contradicted", "not shown"])
def test_a_verdict_is_left_where_the_corrected_p_is_small(raw):
    assert corrected_verdict(raw, 0.05) == raw
    assert corrected_verdict(raw, 0.0501) == corrected_verdict(raw, np.nan) == "not shown"
