"""Counting singular values without an SVD, against SVDs."""

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsestep.measures import scaled_rank

THRESHOLDS = np.array([1e-15, 1e-10, 1e-6, 1e-2, 0.3])


def decayed(rng, d, decades):
    """Scales like those of a sparse network: some large, the others spread over many decades."""
    scales = 10.0 ** -rng.uniform(0, decades, size=d)
    scales[: max(1, d // 5)] = rng.uniform(0.1, 1, size=max(1, d // 5))
    return rng.permutation(scales)


@settings(deadline=None, max_examples=60)
@given(
    n=st.integers(1, 60),
    d=st.integers(1, 40),
    decades=st.sampled_from([0, 3, 12, 40, 150]),
    seed=st.integers(0, 10**6),
)
def test_count_is_that_of_an_accurate_svd(n, d, decades, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d))
    factor = scaled_rank.factor(x)
    scales = decayed(rng, d, decades)
    got = scaled_rank.count(factor, scales[None], THRESHOLDS)[0]
    if factor.well_conditioned:
        values = oracles.accurate_singular_values(x * scales)
    else:
        values = np.linalg.svd(x * scales, compute_uv=False)
    ratios = values / values.max()
    for threshold, count in zip(THRESHOLDS, got, strict=True):
        # A ratio at the threshold itself may fall on either side.
        slack = 1e-9 if factor.well_conditioned else 1e-15 / threshold + 1e-9
        low = (ratios > threshold * (1 + slack)).sum()
        high = (ratios > threshold * max(1 - slack, 0)).sum()
        assert low <= count <= high


@pytest.mark.parametrize("decades", [0, 5, 20])
def test_count_is_that_of_a_full_svd_where_float64_allows(decades):
    rng = np.random.default_rng(decades)
    x = rng.standard_normal((400, 200))
    scales = np.stack([decayed(rng, 200, decades) for _ in range(10)])
    got = scaled_rank.count(scaled_rank.factor(x), scales, np.array([1e-10, 1e-6]))
    expected = [[oracles.rank(x * w, t) for t in (1e-10, 1e-6)] for w in scales]
    np.testing.assert_array_equal(got, expected)


def test_largest_singular_value():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((90, 40))
    for decades in (0, 2, 30):
        scales = decayed(rng, 40, decades)
        got = scaled_rank._largest_singular_value(x.T @ x, scales)
        expected = np.linalg.svd(x * scales, compute_uv=False)[0]
        assert got == pytest.approx(expected, rel=1e-12)


def test_every_way_to_count_is_taken(monkeypatch):
    """Bounds alone, pivots, and the SVD where pivots are unreliable give the same counts."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((60, 30))
    scales = np.stack([np.ones(30), decayed(rng, 30, 12)])
    factor = scaled_rank.factor(x)
    expected = [[oracles.rank(x * w, t) for t in (1e-10, 1e-6)] for w in scales]
    for variant in (factor, factor._replace(well_conditioned=False)):
        got = scaled_rank.count(variant, scales, np.array([1e-10, 1e-6]))
        np.testing.assert_array_equal(got, expected)
    pivots = scaled_rank._positive_pivots(
        np.eye(3), np.ones(3), np.arange(3), 1.0 - 1e-9, 1.0, np.empty((3, 3))
    )
    assert pivots == scaled_rank._UNRELIABLE


def test_bounds_do_not_promise_too_much():
    # s / s_1 = 1, 0.7338, 0.0947: the third counts if s_1 is taken for its lower bound.
    x = np.linalg.cholesky([[1, 0.3, 0], [0.3, 1, 0], [0, 0, 0.81]]).T
    scales = np.array([[1.0, 1.0, 0.12]])
    assert oracles.rank(x * scales, 0.1) == 2
    got = scaled_rank.count(scaled_rank.factor(x), scales, np.array([0.1]))
    np.testing.assert_array_equal(got, [[2]])


def test_zeros_and_nan():
    factor = scaled_rank.factor(np.random.default_rng(2).standard_normal((9, 4)))
    scales = np.array([[0.0] * 4, [np.nan] * 4, [1.0, 0.0, 0.0, 0.0]])
    got = scaled_rank.count(factor, scales, np.array([1e-15]))
    np.testing.assert_array_equal(got, [[0], [np.nan], [1]])
