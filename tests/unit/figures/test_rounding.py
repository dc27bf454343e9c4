"""The figure of copies that start within rounding of a replicate."""

import numpy as np
import pytest
from figure_tables import assert_drawn, assert_filled, legend_texts, plot, tables_and_specs

from sparsestep.artifacts.tables import last_snapshots
from sparsestep.errors import ConfigError
from sparsestep.figures import render
from sparsestep.figures.sources import Sources
from sparsestep.measures import separation, shares
from sparsestep.plan import Plan


@pytest.fixture
def copies(tiny):
    """The tiny config with eight replicates that differ in a perturbation alone."""
    first = tiny["experiments"]["first"]
    first["problem"]["vary"] = []
    first["replicates"] = 8
    first["snapshots"] = {"first": 60, "evenly_spaced": 3}
    for run in first["runs"].values():
        run["algorithm"] = {"kind": "sgd", "perturbation": 1e-14}
    panels = ["test_loss", "l0"]
    tiny["figures"] = {"copies": {"kind": "rounding", "experiment": "first", "panels": panels}}
    return tiny


@pytest.fixture
def drawn(copies):
    """Figure and table: copies of `small` part as exp(t / 1.5), and three of them diverge.

    Replicate 0 diverges too, and counts in no share.
    """
    tables, specs = tables_and_specs(copies)
    table = tables["first"]
    small, at = table["run"] == "small", table["iteration"]
    apart = np.minimum(1e-14 * np.exp(at / 1.5), 0.3) * table["replicate"]
    table.loc[small, "train_loss"] = np.exp(-2.0 + apart[small])
    for replicate, end in ((0, 50), (1, 40), (2, 40), (3, 55)):
        of = small & (table["replicate"] == replicate)
        table.loc[of, "diverged_at"] = end
        table.loc[of & (at >= end), ["train_loss", "test_loss", "l0"]] = np.nan
    return plot(Sources(tables), specs["copies"]), table


def test_medians_bands_and_the_fit_of_separations(drawn):
    figure, table = drawn
    apart = separation.separations(table[table["run"] == "small"])
    fit = separation.growth(apart)
    assert fit.time == pytest.approx(1.5, rel=1e-2)
    seen = apart.loc[: 1.5 * fit.last].where(lambda values: values > 0).dropna(how="all")
    axes = figure.axes[0]
    assert_drawn(axes, seen.index, seen.median(axis=1))
    # Of five, which are left from iteration 40 on, there is no range.
    six = seen[seen.notna().sum(axis=1) >= 6]
    assert len(six) == 40
    assert_filled(axes, six.index, *np.nanpercentile(six, (10, 90), axis=1))
    ends = [fit.first, fit.last]
    assert_drawn(axes, ends, fit.at(ends))
    assert_drawn(axes, [0, 1], [separation.LOW] * 2)
    assert_drawn(axes, [0, 1], [separation.HIGH] * 2)
    assert axes.get_yscale() == "log"
    assert axes.get_xlim() == (0, 1.5 * fit.last)


def test_shares_diverged_and_their_exact_intervals(drawn):
    figure, _ = drawn
    axes = figure.axes[1]
    assert_drawn(axes, [0, 40, 55, 60], [0, 2 / 7, 3 / 7, 3 / 7])
    assert_drawn(axes, [0, 60], [0, 0])
    low, high = shares.exact_interval(2, 7)
    band = axes.collections[0].get_paths()[0].vertices
    at_50 = [y for x, y in band if 40 <= x <= 55]
    assert low in [pytest.approx(y) for y in at_50]
    assert high in [pytest.approx(y) for y in at_50]
    legend = " ".join(legend_texts(figure))
    assert "3 of 7 diverged" in legend
    assert "Lyapunov time 1.5 iterations" in legend
    assert "no growth" in legend


def test_end_values_of_the_copies_and_of_replicate_0(drawn):
    figure, table = drawn
    last = last_snapshots(table).set_index(["run", "replicate"])["test_loss"].unstack()
    axes = figure.axes[2]
    of_copies = last.loc["decay-50"].drop(0)
    median = of_copies.median()
    assert_drawn(axes, [0.65, 1.35], [median, median])
    assert_filled(axes, [0.65, 1.35], *([end, end] for end in np.percentile(of_copies, (10, 90))))
    # Four copies of `small` survive: too few for a range.
    assert len(axes.collections) == 1
    diamonds = [line for line in axes.lines if line.get_marker() == "D"]
    assert [line.get_ydata()[0] for line in diamonds[1:]] == [last.loc["decay-50", 0]]
    assert render(figure, "png").startswith(b"\x89PNG")


def test_without_growth_and_divergence_it_is_drawn_all_the_same(copies):
    tables, specs = tables_and_specs(copies)
    figure = plot(Sources(tables), specs["copies"])
    assert render(figure, "png").startswith(b"\x89PNG")
    assert figure.axes[0].get_xlim() == (0, 60)
    assert "Lyapunov time" not in " ".join(legend_texts(figure))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"algorithm": {"kind": "sgd"}},
            r"got experiments\.first\.runs\.small without algorithm\.perturbation; every run must",
        ),
        ({"vary": ["order"]}, r"runs\.small, whose replicates differ in order; they must differ"),
        ({"vary": ["data"]}, r"runs\.small, whose replicates differ in data; they must differ"),
        ({"measure": {"sparse_recovery": None}}, r"figures\.copies\.experiment: .*train_loss"),
    ],
)
def test_replicates_that_are_no_copies_are_refused(copies, change, says):
    first = copies["experiments"]["first"]
    if "algorithm" in change:
        first["runs"]["small"] |= change
    elif "vary" in change:
        first["problem"] |= change
    else:
        first["measure"], first["claims"] = change["measure"], {}
        copies["figures"]["copies"]["panels"] = ["l0"]
    with pytest.raises(ConfigError, match=says) as caught:
        Plan(copies)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("algorithm", "vary", "alone"),
    [
        # Gradient descent and gradient flow see no order.
        ({"kind": "gd"}, ["order"], True),
        ({"kind": "sde", "noise": "none"}, ["order"], True),
        ({"kind": "sde", "noise": "covariance"}, ["order"], False),
        ({"kind": "label_noise_gd", "variance": 0.1}, ["order"], False),
        # But where they start.
        ({"kind": "gd"}, ["init"], False),
        ({"kind": "gd"}, ["data"], False),
    ],
)
def test_copies_differ_in_nothing_that_their_algorithm_sees(copies, algorithm, vary, alone):
    first = copies["experiments"]["first"]
    first["problem"]["vary"] = vary
    for run in first["runs"].values():
        run["algorithm"] = {"perturbation": 1e-14, **algorithm}
    copies["figures"] = {}
    assert Plan(copies).experiments.perturbed("first") == {
        run: {"size": 1e-14, "copies": alone} for run in ("small", "decay-50")
    }


def test_the_axis_of_separations_has_room_for_the_slowest_run(copies):
    tables, specs = tables_and_specs(copies)
    table = tables["first"]
    lasts = []
    for run, time in (("small", 0.7), ("decay-50", 1.3)):
        of_run = table["run"] == run
        at, replicate = table["iteration"][of_run], table["replicate"][of_run]
        apart = np.minimum(1e-14 * np.exp(at / time), 0.3) * replicate
        table.loc[of_run, "train_loss"] = np.exp(-2.0 + apart)
        lasts.append(separation.growth(separation.separations(table[of_run])).last)
    assert lasts[0] < lasts[1] < 60 / 1.5
    axes = plot(Sources(tables), specs["copies"]).axes[0]
    assert axes.get_xlim() == (0, 1.5 * lasts[1])


def test_the_range_of_end_values_is_that_of_the_copies(copies):
    tables, specs = tables_and_specs(copies)
    table = tables["first"]
    # Copies end with 1, ..., 7, and replicate 0 far from them.
    table["test_loss"] = table["replicate"].where(table["replicate"] > 0, 100.0).astype(float)
    axes = plot(Sources(tables), specs["copies"]).axes[2]
    assert_filled(axes, [-0.35, 0.35], [1.6, 1.6], [6.4, 6.4])
    assert_drawn(axes, [-0.35, 0.35], [4, 4])


def test_every_panel_and_legend_entry_says_what_it_is_of(drawn):
    figure, _ = drawn
    assert [axes.get_ylabel() for axes in figure.axes[:2]] == [
        "distance from replicate 0\nin ln of the training loss",
        "share of the copies diverged",
    ]
    assert [axes.get_xlabel() for axes in figure.axes[:2]] == ["iteration"] * 2
    assert figure.axes[1].get_xlim() == (0, 60)
    handles = [handle for legend in figure.legends for handle in legend.legend_handles]
    entries = dict(zip(legend_texts(figure), handles, strict=True))
    (small,) = (text for text in entries if "Lyapunov" in text)
    (calm,) = (text for text in entries if "no growth" in text)
    # The run's time stands with the run, and its colour with both.
    assert small.startswith("small")
    assert "3 of 7 diverged" in small
    assert calm.startswith("decay-50")
    assert "0 of 7 diverged" in calm
    steps = [line for line in figure.axes[1].lines if line.get_drawstyle() == "steps-post"]
    colours = [entries[text].get_color() for text in (small, calm)]
    assert [line.get_color() for line in steps] == colours
    # The fit is black, its window as grey as in the legend.
    levels = [line for line in figure.axes[0].lines if len(set(line.get_ydata())) == 1]
    assert entries["fitted growth"].get_color() == "black"
    assert entries["window of the fit"].get_color() == levels[-1].get_color()
    assert "median of the copies that survive" in entries
    # Where the step size decays, on the run that it decays of.
    decays = [line for line in figure.axes[1].lines if line.get_linestyle() == ":"]
    assert [line.get_color() for line in decays] == [colours[1]]


def test_the_axis_ends_with_the_longest_run(copies):
    runs = copies["experiments"]["first"]["runs"]
    runs["long"] = {**runs["small"], "iterations": 180}
    tables, specs = tables_and_specs(copies)
    # Nothing grows: there is no fit behind which the first could end.
    apart, axes, *_ = plot(Sources(tables), specs["copies"]).axes
    assert apart.get_xlim() == axes.get_xlim() == (0, 180)
    steps = [line.get_xdata() for line in axes.lines if line.get_drawstyle() == "steps-post"]
    assert [list(x) for x in steps] == [[0, 60], [0, 60], [0, 180]]
