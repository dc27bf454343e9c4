"""The figure of end values against the duration of the large-step phase."""

import numpy as np
import pytest
from figure_tables import (
    assert_drawn,
    assert_filled,
    drawn,
    filled,
    legend_texts,
    plot,
    tables_and_specs,
)

from sparsestep.artifacts.tables import last_snapshots
from sparsestep.errors import ConfigError
from sparsestep.figures import render
from sparsestep.figures.sources import Sources
from sparsestep.plan import Plan


@pytest.fixture
def durations(tiny):
    """The tiny config with runs that differ in the duration of their large steps alone."""
    schedule = {"kind": "step_decay", "step_size": 0.05, "divide_by": 5.0, "boundary": "excluded"}
    runs = tiny["experiments"]["first"]["runs"] = {
        "never": {"schedule": {"kind": "constant", "step_size": 0.01}}
    }
    for name, decay_at in (("half", 0.5), ("tenth", 0.1)):
        runs[name] = {"schedule": {**schedule, "decay_at": decay_at}}
    column = {"experiment": "first", "title": "left", "panels": ["l0", "train_loss"]}
    short = {"experiment": "first", "panels": ["test_loss"]}
    tiny["figures"] = {"duration": {"kind": "duration_effect", "columns": [column, short]}}
    return tiny


@pytest.mark.parametrize("at", [40, 0])
def test_medians_of_the_survivors_over_the_duration(durations, at):
    tables, specs = tables_and_specs(durations)
    table = tables["first"]
    lost = (table["run"] == "half") & (table["replicate"] == 2)
    table.loc[lost, "diverged_at"] = at
    figure = plot(Sources(tables), specs["duration"])
    median = last_snapshots(table).groupby("run")["train_loss"].median()
    axes = figure.axes[2]
    assert axes.get_ylabel() == "training loss"
    large = pytest.approx([median["tenth"], median["half"]], rel=1e-12)
    assert ([0.1, 0.5], large) in drawn(axes)
    assert ([0.0], pytest.approx([median["never"]], rel=1e-12)) in drawn(axes)
    counts = [text.get_text() for text in figure.axes[0].texts]
    assert counts == ["(a)", "0", "0", "1"]
    assert any("of 3" in text for text in legend_texts(figure))


def test_ranges_are_10_to_90_per_cent_of_the_survivors(durations):
    durations["experiments"]["first"]["replicates"] = 7
    tables, specs = tables_and_specs(durations)
    table = tables["first"]
    table.loc[(table["run"] == "half") & (table["replicate"] == 2), "diverged_at"] = 40
    axes = plot(Sources(tables), specs["duration"]).axes[2]
    last = last_snapshots(table).set_index(["run", "replicate"])["train_loss"].unstack()
    assert last.loc["half"].isna().sum() == 1
    ends = {run: np.nanpercentile(last.loc[run], (10, 90)) for run in last.index}
    assert_filled(axes, [0.1, 0.5], *np.transpose([ends["tenth"], ends["half"]]))
    assert_drawn(axes, [0, 0], ends["never"])
    assert axes.get_xticks().tolist() == [0, 0.1, 0.5]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "10", "50"]


@pytest.mark.parametrize("run", ["half", "never"])
def test_no_range_of_fewer_than_six(durations, run):
    durations["experiments"]["first"]["replicates"] = 7
    tables, specs = tables_and_specs(durations)
    table = tables["first"]
    table.loc[(table["run"] == run) & (table["replicate"] < 2), "diverged_at"] = 40
    figure = plot(Sources(tables), specs["duration"])
    axes = figure.axes[2]
    last = last_snapshots(table).set_index(["run", "replicate"])["train_loss"].unstack()
    at = {"half": 0.5, "never": 0.0}[run]
    ranges = [x for x, _ in drawn(axes) if len(x) == 2 and x[0] == x[1]]
    assert ranges == ([[0.0, 0.0]] if run == "half" else [])
    # What is left is a range at one duration, which has no width.
    assert not any(at in band[0] for band in filled(axes))
    # The points are in sight.
    low, high = axes.get_ylim()
    assert low < last.loc[run].min() <= last.loc[run].max() < high
    assert any("of six or more" in text for text in legend_texts(figure))


def test_columns_may_be_of_different_length(durations):
    tables, specs = tables_and_specs(durations)
    figure = plot(Sources(tables), specs["duration"])
    assert [axes.axison for axes in figure.axes] == [True, True, True, False]
    assert [axes.get_ylabel() for axes in figure.axes[:2]] == [r"$\|\beta\|_0$", "test loss"]


def test_all_diverged_is_drawn_all_the_same(durations):
    tables, specs = tables_and_specs(durations)
    tables["first"]["diverged_at"] = 1
    assert render(plot(Sources(tables), specs["duration"]), "png").startswith(b"\x89PNG")


def test_runs_as_shipped_differ_in_duration_alone(published):
    for name in published.config.figures["duration"].experiments():
        experiment = published.config.experiments[name]
        sizes = {
            run: entry.schedule.step_sizes(experiment.iterations)
            for run, entry in experiment.runs.items()
        }
        never = sizes.pop("never")
        final = {size: None for size in (never[-1], *(eta[-1] for eta in sizes.values()))}
        np.testing.assert_allclose(list(final), never[-1], rtol=1e-12)
        assert len({eta.max() for eta in sizes.values()}) == 1
        assert never.max() == never[-1]
        # Until the first of them decays they are the same.
        shortest = min((eta == eta.max()).nonzero()[0].max() for eta in sizes.values())
        assert len({eta[: shortest + 1].tobytes() for eta in sizes.values()}) == 1


STEPS = {"kind": "step_decay", "step_size": 0.05, "divide_by": 5.0, "decay_at": 0.3}


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (
            {"schedule": {**STEPS, "divide_by": 4}},
            "schedule, at the end 0.0125; every run must end",
        ),
        (
            {"schedule": {**STEPS, "step_size": 0.04, "divide_by": 4}},
            "schedule, at most 0.04; a run that decays must have the same peak as 'half', 0.05",
        ),
        (
            {"schedule": {**STEPS, "decay_at": 0.1, "boundary": "excluded"}},
            "schedule, at the peak for 0.1 of the iterations, as run 'tenth' is; every run must",
        ),
        (
            {"schedule": {"kind": "constant", "step_size": 0.01}},
            "schedule, at the peak for 0 of the iterations, as run 'never' is; every run must",
        ),
        (
            {"schedule": {**STEPS, "step_size": {"of_edge": 0.05}}},
            "schedule.step_size {'of_edge': 0.05}; every run's must be given in the same units",
        ),
        (
            {"schedule": STEPS, "algorithm": {"kind": "gd"}},
            "algorithm {'kind': 'gd'}; every run must have the same, that of 'never' is",
        ),
        (
            {"algorithm": {"kind": "gd_on_noisy_labels", "of": "half"}},
            "algorithm {'kind': 'gd_on_noisy_labels', 'of': 'half'}; every run must have the same",
        ),
    ],
)
def test_runs_that_differ_in_more_than_duration(durations, run, says):
    runs = durations["experiments"]["first"]["runs"]
    for of_before in runs.values():
        of_before["algorithm"] = {"kind": "sgd", "log_loss": True}
    runs["other"] = {"algorithm": {"kind": "sgd", "log_loss": True}, **run}
    # One column is enough.
    durations["figures"]["duration"]["columns"].pop()
    with pytest.raises(ConfigError) as caught:
        Plan(durations)
    message = str(caught.value)
    assert "\n" not in message
    where = "figures.duration.columns.0.experiment: got experiments.first.runs.other."
    assert message.startswith(where + says)


def test_titles_axes_letters_and_colours(durations):
    durations["figures"]["duration"]["columns"][1]["title"] = "right"
    tables, specs = tables_and_specs(durations)
    table = tables["first"]
    for run, count in (("half", 2), ("never", 1)):
        of = (table["run"] == run) & (table["replicate"] < count)
        table.loc[of, "diverged_at"] = 40
    figure = plot(Sources(tables), specs["duration"])
    upper_left, upper_right, lower_left, _ = figure.axes
    assert [axes.get_title() for axes in figure.axes[:3]] == ["left", "right", ""]
    # Below the last panel of each column.
    at_the_bottom = [bool(axes.get_xlabel()) for axes in figure.axes[:3]]
    assert at_the_bottom == [False, True, True]
    assert lower_left.get_xlabel() == "large steps [% of iterations]"
    # Column by column.
    letters = [axes.texts[0].get_text() for axes in figure.axes[:3]]
    assert letters == ["(a)", "(c)", "(b)"]
    # Above the first panel of each, in the colour of the runs that they count.
    counts = [(text.get_text(), text.get_color()) for text in upper_right.texts[1:]]
    assert [text for text, _ in counts] == ["1", "0", "2"]
    assert len(lower_left.texts) == 1
    entries = dict(zip(legend_texts(figure), figure.legends[0].legend_handles, strict=False))
    assert counts[0][1] == entries["small steps alone"].get_color()
    assert counts[2][1] == entries["large, then small steps"].get_color()
    assert counts[0][1] != counts[1][1] == counts[2][1]
    assert upper_left.get_xlim() == pytest.approx((-0.005, 0.55))


def test_step_sizes_beyond_all_numbers_are_refused(durations):
    grows = {"kind": "warmup_decay", "step_size": 1e300, "factor": 1e300, "exponent": 1.0}
    grows |= {"decay_at": 0.5, "divide_by": 2.0}
    durations["experiments"]["first"]["runs"]["half"]["schedule"] = grows
    with pytest.raises(ConfigError, match=r"runs\.half\.schedule; its step sizes grow beyond the"):
        Plan(durations)
