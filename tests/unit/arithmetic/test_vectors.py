"""Vectors in compiled functions: each operation against exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest

from sparsestep.arithmetic import vectors
from sparsestep.arithmetic.vectors import (
    any_beyond,
    jit,
    lanes_of,
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
    store(out, 8, zero(a))
    return total(x)


@jit
def beyond(a, limit):
    """Whether one of the numbers is."""
    return any_beyond(load(a, 0), limit)


@jit
def width(a):
    """How many numbers a row holds."""
    return lanes_of(a)


def rows(rng, dtype):
    """Three rows of numbers."""
    lanes = vectors.lanes(dtype)
    return vectors.padded(rng.standard_normal(3 * lanes).astype(dtype)).reshape(3, lanes)


def fused(c, a, b):
    """c + a b, rounded once."""
    return np.array(
        [
            nearest(Fraction(w) + Fraction(x) * Fraction(y), c.dtype)
            for w, x, y in zip(c.tolist(), a.tolist(), b.tolist(), strict=True)
        ]
    )


def nearest(exact, dtype):
    """The number of this type that is nearest to a fraction."""
    guess = dtype.type(float(exact))
    others = [np.nextafter(guess, dtype.type(end)) for end in (-np.inf, np.inf)]
    return min((guess, *others), key=lambda number: abs(Fraction(float(number)) - exact))


def by_halves(a):
    """Sum of the numbers, half by half."""
    while len(a) > 1:
        a = a[: len(a) // 2] + a[len(a) // 2 :]
    return a[0]


TYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])


@TYPES
@pytest.mark.parametrize("seed", range(5))
def test_operations_are_rounded_once(seed, dtype):
    rng = np.random.default_rng(seed)
    a, b = rows(rng, dtype), rows(rng, dtype)
    # So that a b + c cancels, and shows how often it was rounded.
    noise = 5 * np.finfo(dtype).eps * rng.standard_normal(a.shape)
    c = (-a * b * (1 + noise)).astype(dtype)
    lanes = vectors.lanes(dtype)
    out = vectors.zeros(9, lanes, dtype=dtype)
    sum_of_a = apply(a, b, c, dtype(2.5), out)
    x, y, z = a[1], b[1], c[1]
    expected = [
        x + y, x - y, x * y, fused(z, x, y), fused(z, -x, y),
        np.maximum(x, 0), np.where(y > 0, x, 0), np.full(lanes, 2.5), np.zeros(lanes),
    ]  # fmt: skip
    np.testing.assert_array_equal(out, expected)
    assert sum_of_a == by_halves(x)
    if dtype == np.float64:
        pairs = [x[i] + x[i + 4] for i in range(4)]
        assert sum_of_a == (pairs[0] + pairs[2]) + (pairs[1] + pairs[3])


def test_nan_is_kept_and_found():
    a = vectors.padded(np.array([np.nan] * 8 + [np.nan, -1.0, 2.0, np.inf, -np.inf, 0, 0, 0]))
    out = vectors.zeros(9, 8)
    apply(a, a, a, 0.0, out)
    np.testing.assert_array_equal(out[5], [np.nan, 0, 2, np.inf, 0, 0, 0, 0])
    assert beyond(a, 1.0)


@TYPES
@pytest.mark.parametrize("value", [1.0, -1.0, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("lane", [0, 3, -1])
def test_any_beyond(value, lane, dtype):
    a = vectors.zeros(vectors.lanes(dtype), dtype=dtype)
    a[lane] = 0.999
    assert not beyond(a, dtype(1.0))
    a[lane] = value
    assert beyond(a, dtype(1.0))


def test_rows_are_of_64_bytes():
    for dtype, lanes in ((np.float64, 8), (np.float32, 16)):
        assert vectors.lanes(dtype) == width(np.zeros(1, dtype)) == lanes


@TYPES
def test_rows_lie_on_cache_lines_and_are_filled_up_with_zeros(dtype):
    a = np.arange(1.0, 12.0).reshape(1, 11).astype(dtype)
    copy = vectors.padded(a)
    assert copy.dtype == dtype
    assert copy.shape == (1, 16)
    assert copy.ctypes.data % 64 == 0
    np.testing.assert_array_equal(copy[:, :11], a)
    assert not copy[:, 11:].any()
    assert vectors.zeros(3, 5, 8).shape == (3, 5, 8)
