"""Axes of values and of keys: limits, labels, arrows, and what looks the same on them."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sparsestep.figures.parts import scaled
from sparsestep.figures.specs import over_keys
from sparsestep.figures.specs.over_keys import Axis


def limits(needed, single=(), scale="linear", metric="l0"):
    axes = plt.figure().subplots()
    needed, single = [np.array(needed, dtype=float)], [np.array(single, dtype=float)]
    found = scaled.set_value_axis(axes, metric, scale, needed, single)
    assert found == axes.get_ylim()
    return axes, found


@pytest.mark.parametrize(
    ("needed", "single", "expected"),
    [
        # A twentieth of what is in sight, beyond it.
        ([0, 10], [], (-0.5, 10.5)),
        # Replicates up to half the extent beyond what is needed, those just there included.
        ([0, 10], [15, 15.1], (-0.75, 15.75)),
        ([0, 10], [-5, -5.1], (-5.75, 10.75)),
        ([0, 10, np.inf], [np.nan, np.inf], (-0.5, 10.5)),
        ([4, 4], [], (3.5, 4.5)),
    ],
)
def test_limits_of_values(needed, single, expected):
    axes, found = limits(needed, single)
    assert found == pytest.approx(expected)
    assert axes.get_yscale() == "linear"


def test_limits_of_values_on_a_logarithmic_scale():
    # Of a thousandfold extent, a twentieth is a factor of 10^0.15; 0 and below have no place.
    axes, found = limits([0, -1, 1, 1000], scale="log")
    assert axes.get_yscale() == "log"
    assert found == pytest.approx((10**-0.15, 10**3.15))
    assert limits([8], scale="log")[1] == pytest.approx((4, 16))
    assert limits([1, 100], [1001, 1000], scale="log")[1] == pytest.approx((10**-0.15, 10**3.15))
    # The metric's own scale where none is given; nothing is needed, nothing is set.
    assert limits([1, 2], scale=None, metric="train_loss")[0].get_yscale() == "log"
    assert limits([1, 2], scale=None, metric="l0")[0].get_yscale() == "linear"
    assert limits([np.nan])[1] == (0, 1)


def test_shares_are_labelled_in_per_cent():
    axes, _ = limits([0.1, 0.2], metric="test_error")
    assert axes.yaxis.get_major_formatter()(0.125, None) == "12.5"
    axes, _ = limits([0.1, 0.2], metric="l0")
    assert not callable(getattr(axes.yaxis.get_major_formatter(), "func", None))


def test_arrows_point_to_what_lies_beyond():
    axes = plt.figure().subplots()
    values = pd.DataFrame([[1.0, 2.0, 9.0], [0.5, 10.0, 11.0]], index=[3, 7])
    scaled.draw_arrows(axes, values, (1.0, 10.0), "red")
    down, up = axes.lines
    # Values on the frame itself are in sight.
    assert (list(down.get_xdata()), list(down.get_ydata())) == ([7], [0.035])
    assert (list(up.get_xdata()), list(up.get_ydata())) == ([7], [0.965])
    assert (down.get_marker(), up.get_marker()) == (r"$\downarrow$", r"$\uparrow$")
    assert down.get_color() == up.get_color() == "red"


@pytest.mark.parametrize(
    ("places", "scale", "beyond", "expected"),
    [
        ([10, 20], "linear", (), (9.4, 20.6)),
        ([10, 20], "linear", (30,), (8.8, 31.2)),
        ([1, 100], "log", (), (10**-0.12, 10**2.12)),
        ([5], "linear", (), (0, 10)),
        ([-5], "linear", (), (-10, 0)),
        ([0], "linear", (), (-1, 1)),
        ([10], "log", (), (10**0.7, 10**1.3)),
    ],
)
def test_limits_of_a_key(places, scale, beyond, expected):
    axes = plt.figure().subplots()
    scaled.set_key_axis(axes, "a key", np.array(places), [], scale, beyond)
    assert axes.get_xlim() == pytest.approx(expected)
    assert (axes.get_xlabel(), axes.get_xscale()) == ("a key", scale)
    assert [text.get_text() for text in axes.get_xticklabels()] == [f"{x:g}" for x in places]


def test_values_have_labels_where_these_are_few_and_apart():
    def labels(places):
        axes = plt.figure().subplots()
        scaled.set_key_axis(axes, "a key", np.array(places), [], "linear")
        return [float(place) for place in axes.get_xticks()] == list(map(float, places))

    assert labels(np.arange(7) * 3)
    assert not labels(np.arange(8) * 3)
    assert labels([0, 1.1, 10])
    assert not labels([0, 1, 10])
    # On a logarithmic axis it is the factor that counts.
    assert scaled._are_apart(np.array([1, 2, 100]), True)
    assert not scaled._are_apart(np.array([1, 2, 100]), False)
    assert scaled.room(np.array([1.0, 3.0, 5.0]), "linear") == 0.25
    assert scaled.room(np.array([100.0, 1.0, 10.0]), "log") == pytest.approx(0.25)
    assert scaled.room(np.array([3.0]), "log") == 1.0


@pytest.mark.parametrize(("texts", "turned"), [(["a" * 12] * 2, 0), (["a" * 12, "a" * 13], 25)])
def test_long_texts_are_turned(texts, turned):
    axes = plt.figure().subplots()
    scaled.set_key_axis(axes, "a key", np.array([0, 1]), texts, "linear")
    assert axes.get_xlim() == (-0.5, 1.5)
    assert {text.get_rotation() for text in axes.get_xticklabels()} == {turned}
    assert [text.get_text() for text in axes.get_xticklabels()] == texts


SWEPT = {"one": {"a": [1.0, 2.0], "b": [3.0]}, "two": {"a": [1.0, 4.0], "b": [3.0, 5.0]}}


@pytest.mark.parametrize(
    ("axes", "at", "expected"),
    [
        (["a"], {"b": [3.0]}, {}),
        (["a"], {}, {("at", "b"): "must be one value: sweeps.two has 2, 3, 5, and no axis shows"}),
        (["a", "b"], {}, {}),
        (["a", "a"], {"b": [3.0]}, {("x1",): "got 'a' again; must be another key"}),
        (["a", "c"], {}, {("x1",): "no key of sweeps.two, got 'c'; valid: a, b"}),
        (["a"], {"b": [5.0]}, {("at", "b"): "sweeps.one has no such value, got '5'; valid: 3"}),
        (["a"], {"b": [3.0], "a": [2.0]}, {("at", "a"): "sweeps.two has no such value, got '2'"}),
        (["a"], {"c": [3.0]}, {("at", "c"): "no key of sweeps.one, got 'c'; valid: a, b"}),
    ],
)
def test_keys_that_do_not_suit_the_sweeps(axes, at, expected):
    axes = [Axis(key, (f"x{place}",)) for place, key in enumerate(axes)]
    found = over_keys.mistakes_of_keys(axes, at, SWEPT)
    assert found.keys() == expected.keys()
    assert all(found[path].startswith(text) for path, text in expected.items()), found


def test_values_are_the_same_but_for_their_last_digits():
    assert over_keys.same(0.1 + 0.2, 0.3)
    assert over_keys.same(1e-12, 1e-12 * (1 + 1e-10))
    assert not over_keys.same(1e-12, 2e-12)
    assert not over_keys.same(1.0, 1.0 + 1e-8)
    assert over_keys.same(0, 0)
    assert not over_keys.same("1", 1)
    assert over_keys.chosen([1.0, 2.0, 3.0], [3.0, 1.0]) == [1.0, 3.0]
    assert over_keys.chosen([1.0, 2.0], None) == [1.0, 2.0]
    some = over_keys.mistakes_of_keys([], {}, {"one": {"a": [1.0, 2.0, 3.0, 4.0, 5.0]}})
    assert "has 5, 1, 2, 3, 4, 5, and" in some["at", "a"]
    some = over_keys.mistakes_of_keys([], {}, {"one": {"a": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}})
    assert "has 6, 1, 2, 3, 4, 5, ..., and" in some["at", "a"]
