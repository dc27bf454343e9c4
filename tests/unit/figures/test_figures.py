"""Figures show what the tables hold, in the same bytes every time."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figure_tables import assert_drawn, assert_filled, filled, legend_texts, plot, tables_and_specs

from sparsestep.claims import statistics
from sparsestep.figures import render
from sparsestep.figures.parts import panel, style
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.plan import Plan


def test_curves_show_median_and_replicate_0(tiny):
    tables, specs = tables_and_specs(tiny)
    figure = plot(Sources(tables), specs["curves"])
    table = tables["first"]
    of_run = table[table["run"] == "decay-50"]
    median = of_run.groupby("iteration")["train_loss"].median()
    published = of_run[of_run["replicate"] == 0].set_index("iteration")["train_loss"]
    drawn = [line.get_ydata() for line in figure.axes[0].lines]
    for expected in (median, published):
        assert any(len(y) == len(expected) and np.allclose(y, expected, rtol=1e-12) for y in drawn)
    # Decay of the run with one: iteration 31 is the first with the small step.
    assert any(list(line.get_xdata()) == [31, 31] for line in figure.axes[0].lines)


def test_bands_are_10_to_90_per_cent_of_the_survivors(tiny):
    tiny["experiments"]["first"]["replicates"] = 7
    tables, specs = tables_and_specs(tiny)
    table = tables["first"]
    table.loc[(table["run"] == "small") & (table["replicate"] == 4), "diverged_at"] = 50
    figure = plot(Sources(tables), specs["curves"])
    axes = figure.axes[0]
    assert {"10 to 90 % of the survivors", "replicate 0"} <= set(legend_texts(figure))
    for run, count in (("small", 6), ("decay-50", 7)):
        survivors = table[(table["run"] == run) & (table["diverged_at"] < 0)]
        values = survivors.pivot(index="iteration", columns="replicate", values="train_loss")
        assert values.shape[1] == count
        low, high = np.nanpercentile(values, (10, 90), axis=1)
        assert_filled(axes, values.index, low, high)


def thin_lines(axes):
    return [list(line.get_ydata()) for line in axes.lines if line.get_linewidth() == 0.5]


@pytest.mark.parametrize("lost", [2, 6, 7])
def test_fewer_than_six_survivors_are_lines_and_no_band(tiny, lost):
    tiny["experiments"]["first"]["replicates"] = 7
    tables, specs = tables_and_specs(tiny)
    table = tables["first"]
    # Replicate 0 is one of those that diverge.
    table.loc[(table["run"] == "small") & (table["replicate"] < lost), "diverged_at"] = 50
    figure = plot(Sources(tables), specs["curves"])
    axes = figure.axes[0]
    # The other run's band alone.
    survivors = table[table["run"] == "decay-50"]
    values = survivors.pivot(index="iteration", columns="replicate", values="train_loss")
    assert len(filled(axes)) == 1
    assert_filled(axes, values.index, *np.percentile(values, (10, 90), axis=1))
    of_run = table[table["run"] == "small"]
    values = of_run.pivot(index="iteration", columns="replicate", values="train_loss")
    expected = [values[replicate].tolist() for replicate in (0, *range(lost, 7))]
    drawn = thin_lines(axes)
    assert len(drawn) == len(expected) + 1
    assert all(line in drawn for line in expected)
    low, high = axes.get_ylim()
    assert all(low < min(line) and max(line) < high for line in expected[1:])
    texts = " ".join(legend_texts(figure))
    assert "10 to 90 % of the survivors" in texts
    assert ("each survivor, where these are fewer than six" in texts) == (lost < 7)


def test_no_band_is_explained_where_there_is_none(tiny):
    tables, specs = tables_and_specs(tiny)
    figure = plot(Sources(tables), specs["curves"])
    assert not any(filled(axes) for axes in figure.axes)
    assert not any("10 to 90 %" in text for text in legend_texts(figure))
    # Three replicates of two runs.
    assert len(thin_lines(figure.axes[0])) == 6


def test_as_many_as_a_verdict_asks_for():
    assert panel.FEWEST == statistics.FEWEST


def test_a_band_ends_where_fewer_than_six_have_a_value():
    values = pd.DataFrame(np.arange(28.0).reshape(4, 7))
    values.iloc[3, :2] = np.nan
    axes = plt.figure().subplots()
    low, high = panel.draw_band(axes, values, "black", "-")
    ((at, *ends),) = filled(axes)
    assert list(at) == [0, 1, 2]
    np.testing.assert_allclose(ends, np.percentile(values.iloc[:3], (10, 90), axis=1))
    # The ends of those that are not shown as a range must be in sight all the same.
    assert (low[3], high[3]) == (23, 27)
    (median,) = axes.lines
    assert list(median.get_ydata()) == [3, 10, 17, 25]
    plt.close()


def test_legend_states_step_sizes_and_divergence(tiny):
    tables, specs = tables_and_specs(tiny)
    texts = legend_texts(plot(Sources(tables), specs["curves"]))
    assert r"small: $\eta$ = 0.01 (0 of 3 diverged)" in texts
    assert r"decay-50: $\eta$ = 0.05 $\to$ 0.025 at 52 % (0 of 3 diverged)" in texts


@pytest.mark.parametrize("name", ["curves", "ends"])
def test_all_diverged_is_drawn_all_the_same(tiny, name):
    for run in tiny["experiments"]["first"]["runs"].values():
        run["schedule"]["step_size"] = 50.0
    tables, specs = tables_and_specs(tiny)
    assert (tables["first"]["diverged_at"] >= 0).all()
    figure = plot(Sources(tables), specs[name])
    assert any("3 of 3 diverged" in text for text in legend_texts(figure))
    assert render(figure, "png").startswith(b"\x89PNG")


@pytest.mark.parametrize("at", [20, 0])
def test_some_diverged_are_left_out_of_the_band_and_marked(tiny, at):
    tables, specs = tables_and_specs(tiny)
    table = tables["first"]
    lost = (table["run"] == "small") & (table["replicate"] == 1)
    table.loc[lost, "diverged_at"] = at
    table.loc[lost & (table["iteration"] > at), "train_loss"] = np.nan
    table.loc[lost & (table["iteration"] <= at), "train_loss"] = 1e6
    figure = plot(Sources(tables), specs["curves"])
    assert any("small" in text and "1 of 3 diverged" in text for text in legend_texts(figure))
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert any(list(line.get_xdata()) == [at] for line in crosses)
    of_run = table[(table["run"] == "small") & (table["replicate"] != 1)]
    median = of_run.groupby("iteration")["train_loss"].median()
    drawn = [np.asarray(line.get_ydata()) for line in figure.axes[0].lines]
    assert any(np.array_equal(y, median) for y in drawn)
    for line in figure.axes[0].lines:
        assert not np.any(np.asarray(line.get_ydata()) == 1e6)


def test_a_loss_on_its_way_to_infinity_and_back_leaves_the_axis_as_it_is(tiny):
    tables, specs = tables_and_specs(tiny)
    table = tables["first"]
    before = plot(Sources(tables), specs["curves"]).axes[0].get_ylim()
    table.loc[(table["iteration"] == 2) & (table["replicate"] == 1), "train_loss"] = 1e80
    after = plot(Sources(tables), specs["curves"]).axes[0].get_ylim()
    assert after[1] < 1e5
    assert after[0] == before[0]


def test_end_values_are_those_of_the_last_snapshot(tiny):
    tables, specs = tables_and_specs(tiny)
    figure = plot(Sources(tables), specs["ends"])
    table = tables["first"]
    last = table[(table["iteration"] == table["iteration"].max()) & (table["run"] == "small")]
    (axes,) = figure.axes
    assert_drawn(axes, [-0.25, 0, 0.25], last["test_loss"])
    assert_drawn(axes, [-0.35, 0.35], 2 * [last["test_loss"].median()])
    diamonds = [line for line in axes.lines if line.get_marker() == "D"]
    assert list(diamonds[0].get_xydata()[0]) == [-0.25, last["test_loss"].iloc[0]]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["small", "decay-50"]


def stars(axes):
    """(x, y, colour) of every star of a panel."""
    lines = [line for line in axes.lines if line.get_marker() == "*"]
    return [(*line.get_xydata()[0], line.get_markeredgecolor()) for line in lines]


def test_stars_stand_at_published_end_values(tiny):
    far = {"small": {"train_loss": 1e3, "test_loss": 1e-9}, "decay-50": {"l0": 77}}
    tiny["published"] = [{"figure": "Figure 2", "experiment": "first", "runs": far}]
    tables, specs = tables_and_specs(tiny)
    curves, ends = (plot(Sources(tables), specs[name]) for name in ("curves", "ends"))
    grey, blue = style.RUNS["small"][0], style.RUNS["decay-50"][0]
    last = tables["first"]["iteration"].max()
    assert [stars(axes) for axes in curves.axes] == [[(last, 1e3, grey)], [(last, 77, blue)]]
    assert [stars(axes) for axes in ends.axes] == [[(0.45, 1e-9, grey)]]
    # However far off, they are in sight.
    assert curves.axes[0].get_ylim()[1] > 1e3
    assert curves.axes[1].get_ylim()[1] > 77
    assert ends.axes[0].get_ylim()[0] < 1e-9
    for figure in (curves, ends):
        assert legend_texts(figure).count("published, one seed") == 1


def test_stars_of_runs_and_metrics_that_are_not_shown_are_not_drawn(tiny):
    values = {"small": {"test_loss": 0.5}, "decay-50": {"train_loss": 0.5}}
    tiny["published"] = [{"figure": "Figure 2", "experiment": "first", "runs": values}]
    tiny["figures"]["curves"]["runs"] = ["small"]
    tables, specs = tables_and_specs(tiny)
    figure = plot(Sources(tables), specs["curves"])
    assert [stars(axes) for axes in figure.axes] == [[], []]
    assert "published, one seed" not in legend_texts(figure)


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_same_bytes(tiny, kind):
    tables, specs = tables_and_specs(tiny)
    first, second = (render(plot(Sources(tables), specs["curves"]), kind) for _ in range(2))
    assert first == second


def shown(raw):
    return Shown.from_spec(Plan(raw).experiments.display("first"))


def test_one_run_one_colour(tiny):
    display = shown(tiny)
    assert display.looks()["decay-50"][0] == style.RUNS["decay-50"][0]
    tiny["experiments"]["first"]["runs"]["small"]["colour"] = "#123456"
    assert shown(tiny).looks()["small"][0] == "#123456"
    # Names that are not known get colours of their own.
    known = {colour for colour, _ in style.RUNS.values()}
    others = [colour for colour, _ in style.OTHERS]
    assert len(set(others)) == len(others)
    assert known.isdisjoint(others)


WARM = [
    (
        {"kind": "plateau", "step_size": 0.05, "warm_up": 0.1, "decay_at": 0.5, "divide_by": 3},
        [0.05, 0.05 / 3],
        "50",
    ),
    (
        {"kind": "exponential_warmup", "step_size": 0.01, "growth": 1.05, "decay_at": 0.5},
        # The last iteration before the decay is the 30th of 60.
        [0.01 * 1.05 ** (100 * 29 / 60), 0.01 * 1.05**50 / 10, 0.01 * 1.05**50 / 100],
        "50 90",
    ),
]


@pytest.mark.parametrize(("schedule", "sizes", "at"), WARM, ids=["plateau", "two decays"])
def test_labels_of_runs_that_warm_up_begin_with_the_largest_step_size(tiny, schedule, sizes, at):
    tiny["experiments"]["first"]["runs"]["warm"] = {"schedule": schedule}
    largest, *others = (f"{size:.3g}" for size in sizes)
    decays = zip(others, at.split(), strict=True)
    expected = rf"$\eta$ = {largest}" + "".join(rf" $\to$ {eta} at {p} %" for eta, p in decays)
    assert shown(tiny).label("warm") == expected


def test_runs_of_one_experiment_differ(published):
    for figure in published.config.figures.values():
        drawn_as_one_curve = figure.kind in ("edge_profile", "duration_effect", "lasso_profile")
        if drawn_as_one_curve or not hasattr(figure, "experiment"):
            continue
        name = figure.experiment
        looks = Shown.from_spec(published.experiments.display(name)).looks()
        assert len({colour for colour, _ in looks.values()}) == len(looks)


def test_what_a_figure_tells_of_metrics_stands_in_its_spec(tiny):
    """What all other drawings are watched for (`figure_tables.plot`): it tells, and is refused."""
    tables, specs = tables_and_specs(tiny)
    assert specs["ends"]["metrics"]["test_loss"] == ["test loss", "log", ""]
    untold = {**specs["ends"]["metrics"]}
    del untold["test_loss"]
    with pytest.raises(AssertionError, match="test_loss"):
        plot(Sources(tables), {**specs["ends"], "metrics": untold})


def test_a_loss_that_starts_far_above_others_is_in_sight(tiny):
    tables, specs = tables_and_specs(tiny)
    table = tables["first"]
    table.loc[table["replicate"] == 0, "train_loss"] *= 1e6
    _, high = plot(Sources(tables), specs["curves"]).axes[0].get_ylim()
    assert high > table["train_loss"].max()
