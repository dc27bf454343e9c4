"""Step sizes at every boundary."""

import numpy as np
import pytest

from sparsestep import schedules


def decay(**changes):
    spec = {"kind": "step_decay", "step_size": 0.3, "decay_at": 0.5, "divide_by": 3.0}
    return schedules.from_spec(spec | changes)


def test_constant():
    schedule = schedules.from_spec({"kind": "constant", "step_size": 0.25})
    np.testing.assert_array_equal(schedule.step_sizes(4), [0.25] * 4)
    assert schedule.decays(4) == []


@pytest.mark.parametrize(
    ("boundary", "large"), [("included", 6), ("excluded", 5)], ids=["included", "excluded"]
)
def test_boundary(boundary, large):
    schedule = decay(boundary=boundary)
    np.testing.assert_array_equal(schedule.step_sizes(10), [0.3] * large + [0.3 / 3] * (10 - large))
    assert schedule.decays(10) == [large]


def test_warmup():
    spec = {"kind": "warmup_decay", "step_size": 0.1, "factor": 9.0, "exponent": 0.5}
    schedule = schedules.from_spec(spec | {"decay_at": 0.25, "divide_by": 2.0})
    eta = [0.1 + 0.8 * (t / 16) ** 0.5 for t in range(4)]
    np.testing.assert_allclose(schedule.step_sizes(16), [*eta, *[0.5 / 2] * 12], rtol=1e-15)
    assert schedule.decays(16) == [4]


def plateau(**changes):
    spec = {"kind": "plateau", "step_size": 0.4, "warm_up": 0.2, "decay_at": 0.5, "divide_by": 4.0}
    return schedules.from_spec(spec | changes)


def test_plateau():
    schedule = plateau()
    grown = [0.4 / 4, 0.4 * 2 / 4, 0.4 * 3 / 4]
    expected = [*grown, *[0.4] * 5, *[0.1] * 8]
    np.testing.assert_allclose(schedule.step_sizes(16), expected, rtol=1e-15)
    assert schedule.decays(16) == [8]


def test_plateaus_differ_in_duration_alone():
    short, long = plateau().step_sizes(1000), plateau(decay_at=0.7).step_sizes(1000)
    np.testing.assert_array_equal(short[:500], long[:500])
    np.testing.assert_array_equal(short[700:], long[700:])
    assert ((short == 0.4).sum(), (long == 0.4).sum()) == (300, 500)


def test_plateau_of_no_length():
    grown = [0.4 / 4, 0.4 * 2 / 4, 0.4 * 3 / 4]
    short = plateau(decay_at=0.2).step_sizes(16)
    np.testing.assert_allclose(short, [*grown, *[0.1] * 13], rtol=1e-15)
    with pytest.raises(ValueError, match=r"must be at least warm_up, 0\.2"):
        plateau(decay_at=0.19)


def test_plateau_without_decay():
    schedule = plateau(divide_by=1.0)
    assert schedule.decays(16) == []
    assert (schedule.step_sizes(16)[3:] == 0.4).all()


@pytest.mark.parametrize(("factor", "fraction", "peak"), [(8, 0.02, 2.28e-4), (200, 0.5, 2.01e-2)])
def test_published_peaks_of_relu_1d(factor, fraction, peak):
    spec = {"kind": "warmup_decay", "step_size": 2e-4, "exponent": 1.0, "divide_by": 2.5}
    schedule = schedules.from_spec(spec | {"factor": factor, "decay_at": fraction})
    assert schedule.step_sizes(31623).max() == pytest.approx(peak, rel=2e-3)


def test_published_boundary():
    # int(0.1 * 100001) = 10000 still takes the large step.
    eta = decay(decay_at=0.1).step_sizes(100001)
    assert (eta[10000], eta[10001]) == (0.3, 0.3 / 3)


def test_decay_after_the_end():
    np.testing.assert_array_equal(decay(decay_at=0.999).step_sizes(1), [0.3])
    assert decay(decay_at=0.999).decays(1) == []
    # `included`: iteration 9, the last, still takes the large step.
    assert decay(decay_at=0.95).decays(10) == []
    assert decay(decay_at=0.95, boundary="excluded").decays(10) == [9]
    assert exponential().decays(1) == []


def test_division_by_one_is_no_decay():
    assert decay(divide_by=1.0).decays(10) == []
    np.testing.assert_array_equal(decay(divide_by=1.0).step_sizes(10), [0.3] * 10)
    spec = {"kind": "warmup_decay", "step_size": 0.1, "factor": 9.0, "exponent": 1.0}
    schedule = schedules.from_spec(spec | {"decay_at": 0.25, "divide_by": 1.0})
    assert schedule.decays(16) == []
    np.testing.assert_allclose(schedule.step_sizes(16)[3:], [0.25, *[0.3] * 12], rtol=1e-15)


def exponential(**changes):
    spec = {"kind": "exponential_warmup", "step_size": 0.75, "decay_at": 0.3}
    return schedules.from_spec(spec | changes)


@pytest.mark.parametrize(("fraction", "peak"), [(0.1, 1.63), (0.3, 4.32), (0.5, 11.5)])
@pytest.mark.parametrize("iterations", [100, 1000, 39200])
def test_exponential_warmup_at_every_boundary(fraction, peak, iterations):
    schedule = exponential(decay_at=fraction)
    eta = schedule.step_sizes(iterations)
    first, second = schedule.decays(iterations)
    assert (first, second) == (round(fraction * iterations), round(0.9 * iterations))
    top = 1.05 ** (100 * fraction)
    assert top == pytest.approx(peak, rel=5e-3)
    expected = {0: 1.0, 1: 1.05 ** (100 / iterations), first // 2: 1.05 ** (100 * fraction / 2)}
    expected |= {first - 1: top / 1.05 ** (100 / iterations), first: top / 10}
    expected |= {second - 1: top / 10, second: top / 100, iterations - 1: top / 100}
    for t, factor in expected.items():
        assert eta[t] == pytest.approx(0.75 * factor, rel=1e-13)


@pytest.mark.parametrize("iterations", [7, 100, 782])
def test_exponential_warmup_as_defined(iterations):
    schedule = exponential(growth=1.03, decay_at=0.29, again_at=0.7, divide_by=4.0)
    top = 0.75 * 1.03**29
    expected = [
        0.75 * 1.03 ** (100 * t / iterations)
        if t / iterations < 0.29
        else top / (4 if t / iterations < 0.7 else 16)
        for t in range(iterations)
    ]
    np.testing.assert_allclose(schedule.step_sizes(iterations), expected, rtol=1e-13)
    falls = 1 + np.flatnonzero(np.diff(expected) < 0)
    assert schedule.decays(iterations) == falls.tolist()


def test_exponential_warmup_without_growth_or_decay():
    eta = exponential(growth=1.0).step_sizes(20)
    np.testing.assert_allclose(eta, [0.75] * 6 + [0.075] * 12 + [0.0075] * 2, rtol=1e-15)
    assert exponential(divide_by=1.0).decays(20) == []
    np.testing.assert_array_equal(exponential(growth=1.0, divide_by=1.0).step_sizes(5), [0.75] * 5)


def test_exponential_warmup_divided_twice_at_once():
    schedule = exponential(growth=1.0, decay_at=0.9)
    np.testing.assert_allclose(schedule.step_sizes(10), [0.75] * 9 + [0.0075], rtol=1e-15)
    assert schedule.decays(10) == [9]


def test_exponential_warmup_of_an_edge_and_below_the_first_decay():
    schedule = exponential(step_size={"of_edge": 0.5}, growth=1.0)
    np.testing.assert_allclose(schedule.step_sizes(4), [0.5, 0.5, 0.05, 0.05])
    with pytest.raises(ValueError, match=r"must be at most again_at, 0\.9"):
        exponential(decay_at=0.95)
