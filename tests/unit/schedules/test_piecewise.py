"""Step sizes that are constant piece by piece."""

import numpy as np
import pytest

from sparsestep import schedules


def piecewise(*pieces, **others):
    return schedules.from_spec({"kind": "piecewise", "pieces": list(pieces), **others})


def test_factors_of_the_step_size():
    schedule = piecewise([0, 1], [0.3, 0.5], [0.6, 0.25], step_size=0.5)
    # A piece begins with iteration int(fraction * T).
    expected = [0.5] * 3 + [0.25] * 3 + [0.125] * 4
    np.testing.assert_array_equal(schedule.step_sizes(10), expected)
    assert schedule.decays(10) == [3, 6]
    np.testing.assert_array_equal(schedule.step_sizes(4), [0.5, 0.25, 0.125, 0.125])


def test_step_sizes_themselves_and_fractions_of_the_edge():
    pieces = ([0.0, 0.5], [0.5, 0.125])
    np.testing.assert_array_equal(piecewise(*pieces).step_sizes(4), [0.5, 0.5, 0.125, 0.125])
    of_edge = piecewise(*pieces, step_size={"of_edge": 0.5})
    np.testing.assert_array_equal(of_edge.step_sizes(4), [0.25, 0.25, 0.0625, 0.0625])
    assert of_edge.model_dump(mode="json")["step_size"] == {"of_edge": 0.5}


def test_only_a_smaller_step_is_a_decay():
    schedule = piecewise([0, 0.1], [0.2, 0.4], [0.4, 0.4], [0.6, 0.3], [0.99, 0.2])
    assert schedule.decays(10) == [6, 9]
    assert piecewise([0, 0.1]).decays(10) == []


def test_of_pieces_that_begin_together_the_last_counts():
    schedule = piecewise([0, 0.4], [0.5, 0.3], [0.6, 0.2])
    np.testing.assert_array_equal(schedule.step_sizes(2), [0.4, 0.2])
    np.testing.assert_array_equal(schedule.step_sizes(1), [0.2])
    assert (schedule.decays(2), schedule.decays(1)) == ([1], [])


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ([], "must begin at 0"),
        ([[0.1, 1]], "must begin at 0"),
        ([[0, 1], [0.5, 2], [0.5, 3]], r"0\.5 must be above the beginning before, 0\.5"),
        ([[0, 1], [0.5, 2], [0.2, 3]], r"0\.2 must be above the beginning before, 0\.5"),
        ([[0, 1], [1, 2]], "less than 1"),
        ([[0, 1], [0.5, 0]], "greater than 0"),
        ([[0, 1], [0.5, float("nan")]], "greater than 0"),
        ([[0, 1], [0.5, True]], "should be a number"),
        ([[0, 1], [0.5, 2, 3]], r"must be two numbers in brackets, as \[0, 0\.1\]"),
        ([0, 1], "must be two numbers in brackets"),
        ({"0": 1}, "valid list"),
    ],
)
def test_pieces_that_are_none(pieces, text):
    with pytest.raises(ValueError, match=text):
        schedules.from_spec({"kind": "piecewise", "pieces": pieces})
