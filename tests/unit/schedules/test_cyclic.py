"""Step sizes that go up and down."""

import numpy as np
import pytest

from sparsestep import schedules


def cyclic(**changes):
    spec = {"kind": "cyclic", "step_size": 0.25, "factor": 5, "period": 0.4}
    return schedules.from_spec(spec | changes)


def test_triangles():
    up_and_down = [0.25, 0.75, 1.25, 0.75]
    np.testing.assert_array_equal(cyclic().step_sizes(10), [*up_and_down, *up_and_down, 0.25, 0.75])
    assert cyclic().decays(10) == []
    of_edge = cyclic(step_size={"of_edge": 0.25})
    np.testing.assert_array_equal(of_edge.step_sizes(10), cyclic().step_sizes(10))


def test_an_odd_period_has_its_peak_between_two_iterations():
    expected = [1, 1 + 4 * 2 / 3, 1 + 4 * 2 / 3]
    found = cyclic(step_size=1).step_sizes(9)
    np.testing.assert_allclose(found, expected * 3, rtol=1e-15)


def test_the_shortest_and_the_longest_period():
    # int(0.4 * 4) = 1 iteration would be none: two are one low, one high.
    np.testing.assert_array_equal(cyclic().step_sizes(4), [0.25, 1.25, 0.25, 1.25])
    np.testing.assert_array_equal(cyclic(period=1).step_sizes(4), [0.25, 0.75, 1.25, 0.75])
    np.testing.assert_array_equal(cyclic(factor=1).step_sizes(4), [0.25] * 4)


@pytest.mark.parametrize(("key", "value"), [("factor", 0.5), ("period", 0), ("period", 1.1)])
def test_bounds(key, value):
    with pytest.raises(ValueError, match=key):
        cyclic(**{key: value})
