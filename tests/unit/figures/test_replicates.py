"""Replicates as points, their bars, shares and arrows: where each stands."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sparsestep.figures.parts import panel, replicates


@pytest.fixture
def axes():
    found = plt.figure(dpi=100).subplots()
    found.set(xlim=(0, 10), ylim=(0, 100), autoscale_on=False)
    yield found
    plt.close("all")


def points_right(axes, line):
    """By how many points a line is shifted to the right of its data."""
    at = line.get_xydata()[0]
    moved = line.get_transform().transform(at) - axes.transData.transform(at)
    assert moved[1] == pytest.approx(0, abs=1e-9)
    return moved[0] / axes.figure.dpi * 72


SIX = pd.DataFrame([[1.0, 2, 3, 4, 5, 6], [2, 4, 6, 8, 10, np.nan]], index=[3, 7])


def test_points_are_replicates_and_bars_their_ranges(axes):
    replicates.draw_points(axes, SIX, "red", "s", 5)
    assert len(axes.lines) == 6
    for line, replicate in zip(axes.lines, SIX, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), SIX[replicate])
        assert (line.get_marker(), line.get_color()) == ("s", "red")
        assert points_right(axes, line) == pytest.approx(5)
    axes.clear()
    axes.set(xlim=(0, 10), ylim=(0, 100))
    low, high = replicates.draw_bars(axes, SIX, "red", "s", -4)
    bar, medians = axes.lines
    # At 7 five have a value: no range, and the ends are theirs.
    assert list(bar.get_xdata()) == [3, 3]
    assert list(bar.get_ydata()) == [1.5, 5.5]
    assert list(low) == [1.5, 2]
    assert list(high) == [5.5, 10]
    assert list(medians.get_xdata()) == [3, 7]
    assert list(medians.get_ydata()) == [3.5, 6]
    assert [points_right(axes, line) for line in axes.lines] == pytest.approx([-4, -4])
    assert replicates.draw_bars(axes, SIX * np.nan, "red", "s") == []
    # A row in which nobody is left is none.
    some = pd.concat([SIX, pd.DataFrame([[np.nan] * 6], index=[8])])
    assert [len(of) for of in replicates.draw_bars(axes, some, "red", "s")] == [2, 2]


def test_shares_stand_between_their_ends(axes):
    rows = [[20.0, 10.0, 40.0], [np.nan] * 3, [50.0, 30.0, 60.0]]
    shares = pd.DataFrame(rows, index=[1, 2, 3], columns=["share", "low", "high"])
    look = {"color": "red", "marker": "s", "markerfacecolor": "white"}
    replicates.draw_shares(axes, shares, 6, "-", **look)
    *bars, line = axes.lines
    assert [bar.get_xydata().tolist() for bar in bars] == [[[1, 10], [1, 40]], [[3, 30], [3, 60]]]
    np.testing.assert_array_equal(line.get_ydata(), [20, np.nan, 50])
    assert (line.get_linestyle(), line.get_markerfacecolor()) == ("-", "white")
    assert [points_right(axes, each) for each in (bars[0], line)] == pytest.approx([6, 6])


def limits_and_arrows(axes, metric, values, bands):
    drawn = [pd.DataFrame([values], index=[4.0])]
    replicates.set_value_axis(axes, metric, drawn, [np.array(bands, dtype=float)], "red")
    arrows = {
        line.get_marker(): (line.get_ydata()[0], len(line.get_xdata()))
        for line in axes.lines
        if len(line.get_xdata())
    }
    axes.clear()
    return axes.get_ylim(), arrows


DOWN, UP = r"$\downarrow$", r"$\uparrow$"


def test_what_is_far_off_is_an_arrow_at_its_end_of_the_frame(axes):
    replicates.set_value_axis(axes, "l0", [pd.DataFrame([[5.0]])], [np.array([0.0, 10.0])], "red")
    assert axes.get_ylim() == pytest.approx((-0.5, 10.5))
    # Half of the bands' extent beyond them is still near.
    _, arrows = limits_and_arrows(axes, "l0", [-5.0, 15.0], [0, 10])
    assert arrows == {}
    _, arrows = limits_and_arrows(axes, "l0", [-5.1, 15.1, 16.0], [0, 10])
    assert arrows == {DOWN: (0.035, 1), UP: (0.965, 2)}


def test_on_a_logarithmic_axis_it_is_the_factor_that_counts(axes):
    # Bands over two decades: a decade beyond is near.
    _, arrows = limits_and_arrows(axes, "train_loss", [0.1, 1000.0], [1, 100])
    assert arrows == {}
    _, arrows = limits_and_arrows(axes, "train_loss", [0.04, 2100.0], [1, 100])
    assert arrows == {DOWN: (0.035, 1), UP: (0.965, 1)}
    near = replicates._near(np.array([-1.0, 0.0, 0.1, 50.0]), np.array([0.0, 1.0, 100.0]), "log")
    assert near == pytest.approx([0.1, 50])
    # Without a band nothing says what is near.
    for scale in ("log", "linear"):
        assert len(replicates._near(np.array([1.0]), np.array([]), scale)) == 0


def test_the_legend_says_how_many_and_from_how_many_there_is_a_range():
    labels = [of.get_label() for of in replicates.handles(17)]
    assert labels == [
        "median of the survivors",
        "10 to 90 % of the survivors, of six or more",
        "a replicate, of 17",
        "one beyond the frame",
    ]
    assert panel.FEWEST == 6
