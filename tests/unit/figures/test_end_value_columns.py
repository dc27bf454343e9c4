"""Columns of end values: where replicates, their median and what is published stand."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sparsestep.figures.parts import end_values
from sparsestep.figures.parts.shown import Shown
from sparsestep.plan import Plan


@pytest.fixture
def columns(tiny):
    """Axes with the columns of two runs of three replicates; one diverges where it begins."""

    def draw(**options):
        tiny["published"] = [
            {"figure": "Figure 2", "experiment": "first", "runs": {"decay-50": {"l0": 9.0}}}
        ]
        told = Plan(tiny).figures.figure("curves")["experiments"]["first"]
        ends = {("small", r): r + 1.0 for r in range(3)} | {
            ("decay-50", r): r + 4 for r in range(3)
        }
        rows = [
            (run, r, t, 0 if (run, r) == ("small", 1) else -1, value * (t > 0))
            for (run, r), value in ends.items()
            for t in (0, 59)
        ]
        names = ["run", "replicate", "iteration", "diverged_at", "l0"]
        axes = plt.figure().subplots()
        shown = Shown.from_spec(told)
        end_values.draw(axes, pd.DataFrame(rows, columns=names), shown, "l0", **options)
        return axes, shown

    return draw


def test_columns_of_replicates_medians_and_published_values(columns):
    axes, shown = columns()
    points = [line for line in axes.lines if line.get_marker() == "o"]
    for place, (line, ends) in enumerate(zip(points, ([1, np.nan, 3], [4, 5, 6]), strict=True)):
        # The same replicate at the same place of every column.
        assert list(line.get_xdata()) == [place - 0.25, place, place + 0.25]
        np.testing.assert_array_equal(line.get_ydata(), ends)
    diamonds = [line for line in axes.lines if line.get_marker() == "D"]
    assert [line.get_ydata()[0] for line in diamonds] == [1, 4]
    assert [line.get_xdata()[0] for line in diamonds] == [-0.25, 0.75]
    bars = [line for line in axes.lines if line.get_linewidth() == 2]
    assert [list(line.get_xdata()) for line in bars] == [[-0.35, 0.35], [0.65, 1.35]]
    assert [line.get_ydata()[0] for line in bars] == [2, 5]
    colours = [colour for colour, _ in shown.looks().values()]
    assert [line.get_color() for line in bars] == colours
    # What is published is in sight, beside the column of its run.
    others = [line for line in axes.lines if line not in [*points, *diamonds, *bars]]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in others] == [(1.45, 9)]
    assert axes.get_ylim()[1] > 9
    assert axes.get_ylim()[0] < 1
    assert [text.get_text() for text in axes.get_xticklabels()] == ["small", "decay-50"]
    assert axes.get_xlim() == (-0.6, 1.6)


@pytest.mark.parametrize("without", [(0, 7), (7, 0)])
def test_medians_without_a_replicate(columns, without):
    axes, _ = columns(without=without)
    bars = [line.get_ydata()[0] for line in axes.lines if line.get_linewidth() == 2]
    assert bars == [3, 5.5]
    # It stands among the points all the same.
    assert sum(line.get_marker() == "D" for line in axes.lines) == 2


def test_the_legend_has_the_words_that_it_is_given(columns):
    _, shown = columns()
    point, diamond, bar, star = end_values.handles(shown, ["dead", "l0"], "one of them", "middle")
    told = [(of.get_label(), of.get_marker()) for of in (point, diamond, bar, star)]
    assert told == [
        ("one of them", "o"),
        ("replicate 0", "D"),
        ("middle", "None"),
        ("published, one seed", "*"),
    ]
    assert len(end_values.handles(shown, ["dead"])) == 3
