"""Panels that compare two runs update by update, on trajectories whose differences are known."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figure_tables import assert_drawn, drawn

from sparsestep import schedules
from sparsestep.figures.draw import label_noise
from sparsestep.figures.parts.shown import Shown, ShownRun

T = np.array([0, 10, 20])
LOOKS = {"first": ("#111111", "-"), "second": ("#222222", "-")}
FIGURE = SimpleNamespace(runs=["first", "second"])


def losses_of(run, replicate):
    """Of the second run ten times as many, and one on its way to infinity."""
    of = np.array([1.0, 0.5, 0.25]) * (1 + 10 * replicate) * (10 if run == "second" else 1)
    return of if run == "first" else np.where(T == 20, 1e9, of)


@pytest.fixture
def pair():
    first = np.array([[[3.0, 4.0]] * 3, [[0.0, 5.0]] * 3])
    apart = np.array([[0.0, 0.5, 2.5], [0.0, 5.0, np.nan]])
    second = first + apart[:, :, None] * np.array([1.0, 0.0])
    made = [
        SimpleNamespace(parameters=of, iterations=T, diverged_at=np.array(fate))
        for of, fate in ((first, [-1, -1]), (second, [-1, 0]))
    ]
    rows = [
        (run, r, t, loss, 0.1 * (1 + r) * (1 + t) if run != "third" else 9.0)
        for run in ("first", "second", "third")
        for r in (0, 1)
        for t, loss in zip(T, losses_of(run, r), strict=True)
    ]
    names = ["run", "replicate", "iteration", "train_loss", "label_noise_gap"]
    sources = SimpleNamespace(
        tables={"one": pd.DataFrame(rows, columns=names)},
        trajectory=lambda name, run: made[FIGURE.runs.index(run)],
    )
    constant = schedules.from_spec({"kind": "constant", "step_size": 0.1})
    runs = {run: ShownRun(None, colour, constant) for run, (colour, _) in LOOKS.items()}
    experiment = Shown("", 25, 2, runs, tuple(runs))
    return label_noise.Pair(sources, FIGURE, "one", experiment)


@pytest.fixture
def axes():
    yield plt.figure().subplots()
    plt.close("all")


def test_losses_are_replicate_0_s_but_for_what_leaves_all_behind(axes, pair):
    pair.draw_losses(axes)
    first, second = axes.lines
    assert first.get_ydata().tolist() == losses_of("first", 0).tolist()
    # Ten times the largest start of the run, of any replicate, is where a line ends.
    np.testing.assert_array_equal(second.get_ydata(), [10.0, 5.0, np.nan])
    assert [line.get_color() for line in axes.lines] == [colour for colour, _ in LOOKS.values()]
    # The thin dashed line lies on the broad one.
    assert [line.get_linewidth() for line in axes.lines] == [1.8, 1.0]
    assert axes.get_xlim() == (0, 25)
    assert axes.get_yscale() == "log"
    assert axes.get_ylabel() == "training loss"


def test_a_loss_below_ten_times_the_largest_start_is_drawn(axes, pair):
    # Replicate 0 starts at 1, replicate 1 at 11.
    here = (pair._table["run"] == "first") & (pair._table["replicate"] == 0)
    pair._table = pair._table.copy()
    pair._table.loc[here, "train_loss"] = [1.0, 109.0, 111.0]
    pair.draw_losses(axes)
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [1.0, 109.0, np.nan])


def test_differences_are_relative_to_the_first_run_and_gaps_the_largest_of_both(axes, pair):
    pair.draw_differences(axes)
    epsilon = np.finfo(float).eps
    assert_drawn(axes, T, [epsilon / 100, 0.1, 0.5])
    (lost,) = (line for line in axes.lines if np.isnan(line.get_ydata()).any())
    np.testing.assert_array_equal(lost.get_ydata(), [epsilon / 100, 1.0, np.nan])
    # The second run diverges at 0: a cross there, as far up as the two were apart at last.
    crosses = [line for line in axes.lines if line.get_marker() == "x"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in crosses] == [(0, 1.0)]
    # Of both runs and replicates the largest; another run of the table says nothing.
    assert_drawn(axes, T, 0.2 * (1 + T))
    assert ([0, 1], [epsilon, epsilon]) in drawn(axes)
    assert axes.get_ylim() == (epsilon / 100, 100)


def test_the_first_of_two_divergences_counts():
    fates = ([-1, -1, 7, 9, 0], [-1, 5, -1, 3, -1])
    runs = (SimpleNamespace(diverged_at=np.array(of)) for of in fates)
    assert label_noise._diverged(*runs).tolist() == [-1, 5, 7, 3, 0]


def test_legends_name_both_runs_and_both_rows():
    handles = label_noise.run_handles(FIGURE, SimpleNamespace(looks=lambda: LOOKS))
    told = [(of.get_label(), of.get_color(), of.get_linewidth()) for of in handles]
    assert told == [
        ("SGD", "#111111", 1.8),
        ("full-batch descent on the labels that Prop. 2.1 says", "#222222", 1.0),
    ]
    apart, cross, step, epsilon = label_noise.handles()
    assert apart.get_color() == cross.get_color() != step.get_color() != epsilon.get_color()
    assert step.get_label().startswith("a single step")
    assert epsilon.get_linestyle() == ":"
