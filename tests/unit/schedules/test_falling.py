"""Step sizes that fall little by little: linearly at the end, or along a cosine."""

import math
from fractions import Fraction

import numpy as np
import pytest

from sparsestep import schedules


def linear(**changes):
    spec = {"kind": "linear_decay", "step_size": 0.5, "decay_at": 0.6}
    return schedules.from_spec(spec | changes)


def cosine(**changes):
    return schedules.from_spec({"kind": "cosine", "step_size": 0.5} | changes)


def test_linear_decay():
    schedule = linear()
    # Iteration 6 still takes the whole step; zero would be reached at iteration 10.
    expected = [0.5] * 7 + [0.375, 0.25, 0.125]
    np.testing.assert_allclose(schedule.step_sizes(10), expected, rtol=1e-15)
    assert schedule.decays(10) == [7]


def test_linear_decay_behind_a_warm_up_and_to_a_final_factor():
    schedule = linear(warm_up=0.4, decay_at=0.5, final=0.2)
    expected = [0.125, 0.25, 0.375, 0.5, 0.5, 0.4, 0.3, 0.2]
    # w = int(0.4 * 8) = 3 iterations lie before the peak.
    np.testing.assert_allclose(schedule.step_sizes(8), expected, rtol=1e-15)
    assert schedule.decays(8) == [5]
    with pytest.raises(ValueError, match=r"must be at least warm_up, 0\.4"):
        linear(warm_up=0.4, decay_at=0.39)


def test_linear_decay_from_the_start_and_none():
    np.testing.assert_allclose(linear(decay_at=0).step_sizes(4), [0.5, 0.375, 0.25, 0.125])
    assert linear(decay_at=0).decays(4) == []
    np.testing.assert_array_equal(linear(final=1).step_sizes(4), [0.5] * 4)
    assert linear(final=1).decays(4) == []
    # Of ten iterations the last takes the whole step.
    assert linear(decay_at=0.95).decays(10) == []
    assert linear(decay_at=0.85).decays(10) == [9]


def test_cosine():
    # (1 + cos(pi s)) / 2 at s = 0, 1/6, ..., 5/6.
    root = math.sqrt(3) / 2
    expected = [0.5 * (1 + c) / 2 for c in (1, root, 0.5, 0, -0.5, -root)]
    schedule = cosine()
    np.testing.assert_allclose(schedule.step_sizes(6), expected, rtol=4e-15)
    assert schedule.decays(6) == []
    assert schedule.step_sizes(6)[0] == 0.5


def test_cosine_behind_a_warm_up_and_to_a_final_factor():
    schedule = cosine(warm_up=0.5, final=0.2)
    expected = [0.1, 0.2, 0.3, 0.4, 0.5, 0, 0.3, 0]
    etas = schedule.step_sizes(8)
    np.testing.assert_allclose(etas[[0, 1, 2, 3, 4, 6]], [e for e in expected if e], rtol=1e-15)
    at_an_eighth = 0.5 * (0.2 + 0.8 * (1 + math.sqrt(0.5)) / 2)
    np.testing.assert_allclose(etas[[5, 7]], [at_an_eighth, 0.6 - at_an_eighth], rtol=1e-15)


@pytest.mark.parametrize("iterations", [1, 2, 7, 1000, 100001])
def test_cosine_as_defined(iterations):
    eta = cosine().step_sizes(iterations)
    expected = [0.25 * (1 + math.cos(math.pi * t / iterations)) for t in range(iterations)]
    np.testing.assert_allclose(eta, expected, rtol=0, atol=3e-16)
    # Near the end, too, where 1 + cos cancels: no step is zero.
    small = [0.5 * math.sin(math.pi * t / iterations / 2) ** 2 for t in range(1, iterations + 1)]
    np.testing.assert_allclose(eta[::-1], small, rtol=2e-15)
    assert (np.diff(eta) < 0).all()


def test_cosine_is_sums_and_products_that_round_alike_everywhere():
    """The same bits as one number after the other, each operation exact and rounded once."""

    def rounded(exact):
        return Fraction(float(exact))

    def of(terms, x):
        total = Fraction(0)
        for k in reversed(range(9)):
            coefficient = rounded(Fraction((-1) ** k, math.factorial(terms(k))))
            total = rounded(rounded(total * x) + coefficient)
        return total

    def quarter(left):
        low = left <= Fraction(1, 2)
        inside = left if low else rounded(1 - left)
        x = rounded(Fraction(math.pi / 2) * inside)
        square = rounded(x * x)
        if low:
            return rounded(x * of(lambda k: 2 * k + 1, square))
        return of(lambda k: 2 * k, square)

    iterations = 173
    waves = [quarter(rounded(Fraction(t, iterations))) for t in range(iterations, 0, -1)]
    expected = [float(rounded(rounded(wave * wave) / 2)) for wave in waves]
    assert cosine().step_sizes(iterations).tolist() == expected


@pytest.mark.parametrize("make", [linear, cosine])
def test_bounds(make):
    for key, value in (("final", -0.1), ("final", 1.5), ("warm_up", 1), ("warm_up", -0.1)):
        with pytest.raises(ValueError, match=key):
            make(**{key: value})
    of_edge = make(step_size={"of_edge": 0.5})
    np.testing.assert_array_equal(of_edge.step_sizes(9), make().step_sizes(9))
