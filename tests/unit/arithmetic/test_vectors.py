"""Vectors in compiled functions: each operation against exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest

from sparsestep.arithmetic import vectors
from sparsestep.arithmetic.vectors import (
    any_beyond,
    jit,
    load,
    minus,
    minus_product,
    plus,
    plus_product,
    rectified,
    spread,
    store,
    times,
    total,
    where_positive,
    zero,
)


@jit
def apply(a, b, c, number, out):
    """Every operation on the second row of a, b and c, a row of `out` each."""
    x, y, z = load(a, 1), load(b, 1), load(c, 1)
    store(out, 0, plus(x, y))
    store(out, 1, minus(x, y))
    store(out, 2, times(x, y))
    store(out, 3, plus_product(z, x, y))
    store(out, 4, minus_product(z, x, y))
    store(out, 5, rectified(x))
    store(out, 6, where_positive(x, y))
    store(out, 7, spread(number))
    store(out, 8, zero())
    return total(x)


@jit
def beyond(a, limit):
    """Whether one of the eight numbers is."""
    return any_beyond(load(a, 0), limit)


def rows(rng):
    """Three rows of eight numbers."""
    return vectors.padded(rng.standard_normal(24)).reshape(3, 8)


def fused(c, a, b):
    """c + a b, rounded once."""
    return np.array(
        [
            float(Fraction(w) + Fraction(x) * Fraction(y))
            for w, x, y in zip(c.tolist(), a.tolist(), b.tolist(), strict=True)
        ]
    )


@pytest.mark.parametrize("seed", range(5))
def test_operations_are_rounded_once(seed):
    rng = np.random.default_rng(seed)
    a, b = rows(rng), rows(rng)
    # So that a b + c cancels, and shows how often it was rounded.
    c = -a * b * (1 + 1e-15 * rng.standard_normal(a.shape))
    out = vectors.zeros(9, 8)
    sum_of_a = apply(a, b, c, 2.5, out)
    x, y, z = a[1], b[1], c[1]
    expected = [
        x + y, x - y, x * y, fused(z, x, y), fused(z, -x, y),
        np.maximum(x, 0), np.where(y > 0, x, 0), np.full(8, 2.5), np.zeros(8),
    ]  # fmt: skip
    np.testing.assert_array_equal(out, expected)
    pairs = [x[i] + x[i + 4] for i in range(4)]
    assert sum_of_a == (pairs[0] + pairs[2]) + (pairs[1] + pairs[3])


def test_nan_is_kept_and_found():
    a = vectors.padded(np.array([np.nan] * 8 + [np.nan, -1.0, 2.0, np.inf, -np.inf, 0, 0, 0]))
    out = vectors.zeros(9, 8)
    apply(a, a, a, 0.0, out)
    np.testing.assert_array_equal(out[5], [np.nan, 0, 2, np.inf, 0, 0, 0, 0])
    assert beyond(a, 1.0)


@pytest.mark.parametrize("value", [1.0, -1.0, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("lane", [0, 3, 7])
def test_any_beyond(value, lane):
    a = vectors.zeros(8)
    a[lane] = 0.999
    assert not beyond(a, 1.0)
    a[lane] = value
    assert beyond(a, 1.0)


def test_rows_lie_on_cache_lines_and_are_filled_up_with_zeros():
    a = np.arange(1.0, 12.0).reshape(1, 11)
    copy = vectors.padded(a)
    assert copy.shape == (1, 16)
    assert copy.ctypes.data % 64 == 0
    np.testing.assert_array_equal(copy[:, :11], a)
    assert not copy[:, 11:].any()
    assert vectors.zeros(3, 5, 8).shape == (3, 5, 8)
