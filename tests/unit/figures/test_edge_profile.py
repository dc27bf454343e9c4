"""The figure of end values against the distance to the edge."""

import copy

import numpy as np
import pytest
from figure_tables import assert_drawn, assert_filled, drawn, legend_texts, plot, tables_and_specs

from sparsestep.artifacts.tables import last_snapshots
from sparsestep.errors import ConfigError
from sparsestep.figures import render
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.edge_profile import large_share
from sparsestep.measures.shares import exact_interval
from sparsestep.plan import Plan


@pytest.fixture
def population(tiny):
    """The tiny config with runs at fractions of an edge; one of them decays earlier."""
    schedule = {"kind": "step_decay", "divide_by": 2.0, "decay_at": 0.5}
    tiny["experiments"]["first"]["measure"]["dead"] = None
    runs = tiny["experiments"]["first"]["runs"] = {}
    for fraction in (0.3, 0.5, 0.9):
        step_size = {"of_edge": fraction}
        runs[f"edge-{fraction * 100:.0f}"] = {"schedule": {**schedule, "step_size": step_size}}
    runs["early"] = {"schedule": {**schedule, "step_size": {"of_edge": 0.9}, "decay_at": 0.1}}
    panels = ["test_loss", "diverged", "dead"]
    tiny["figures"] = {"edge": {"kind": "edge_profile", "experiment": "first", "panels": panels}}
    return tiny


def draw(raw, change=lambda table: None):
    count = raw["experiments"]["first"]["replicates"]
    tables, specs = tables_and_specs(raw, edges=0.05 + 0.01 * np.arange(count))
    change(tables["first"])
    return plot(Sources(tables), specs["edge"]), tables["first"]


@pytest.mark.parametrize("at", [7, 0])
def test_medians_of_the_survivors_over_the_fraction(population, at):
    def one_diverges(table):
        table.loc[(table["run"] == "edge-90") & (table["replicate"] == 1), "diverged_at"] = at

    figure, table = draw(population, one_diverges)
    median = last_snapshots(table).groupby("run")["test_loss"].median()
    long = [median[run] for run in ("edge-30", "edge-50", "edge-90")]
    assert ([0.3, 0.5, 0.9], pytest.approx(long, rel=1e-12)) in drawn(figure.axes[0])
    assert ([0.9], pytest.approx([median["early"]], rel=1e-12)) in drawn(figure.axes[0])
    assert ([0.3, 0.5, 0.9], [0, 0, pytest.approx(1 / 3)]) in drawn(figure.axes[1])
    assert any("of 3" in text for text in legend_texts(figure))


def test_ranges_are_10_to_90_per_cent_of_the_survivors(population):
    def one_diverges(table):
        table.loc[(table["run"] == "edge-90") & (table["replicate"] == 1), "diverged_at"] = 7

    population["experiments"]["first"]["replicates"] = 7
    figure, table = draw(population, one_diverges)
    last = last_snapshots(table).set_index(["run", "replicate"])["test_loss"].unstack()
    ends = {run: np.nanpercentile(last.loc[run], (10, 90)) for run in last.index}
    axes = figure.axes[0]
    long = np.transpose([ends[run] for run in ("edge-30", "edge-50", "edge-90")])
    assert_filled(axes, [0.3, 0.5, 0.9], *long)
    assert_drawn(axes, [0.9, 0.9], ends["early"])
    assert axes.get_xticks().tolist() == [0.3, 0.7, 0.9]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0.3", "0.7", "0.9"]


def test_the_dead_are_a_share_of_the_survivors(population):
    def two_die_one_diverges(table):
        of_run = table["run"] == "edge-50"
        table.loc[of_run & (table["replicate"] == 0), "dead"] = 1.0
        table.loc[of_run & (table["replicate"] == 1), "diverged_at"] = 7

    figure, _ = draw(population, two_die_one_diverges)
    assert ([0.3, 0.5, 0.9], [0, 0.5, 0]) in drawn(figure.axes[2])


def test_one_beyond_the_frame_is_an_arrow(population):
    # Enough replicates for a hundredth of them to be one.
    population["experiments"]["first"]["replicates"] = 40
    tables, specs = tables_and_specs(population, edges=np.linspace(0.05, 0.07, 40))
    table = tables["first"]
    table.loc[(table["run"] == "edge-50") & (table["replicate"] == 1), "test_loss"] = 1e-30
    figure = plot(Sources(tables), specs["edge"])
    assert figure.axes[0].get_ylim()[0] > 1e-20
    arrows = [line for line in figure.axes[0].lines if line.get_marker() == r"$\downarrow$"]
    assert [list(line.get_xdata()) for line in arrows if len(line.get_xdata())] == [[0.5]]


def test_all_diverged_is_drawn_all_the_same(population):
    def all_diverge(table):
        table["diverged_at"] = 7

    figure, _ = draw(population, all_diverge)
    assert ([0.3, 0.5, 0.9], [1, 1, 1]) in drawn(figure.axes[1])
    assert render(figure, "png").startswith(b"\x89PNG")


@pytest.mark.parametrize("fraction", [1.0, 1.2])
def test_beyond_the_edge(population, fraction):
    runs = population["experiments"]["first"]["runs"]
    runs["edge-90"]["schedule"]["step_size"]["of_edge"] = fraction
    figure, _ = draw(population)
    assert figure.axes[0].get_xscale() == "linear"
    assert render(figure, "png").startswith(b"\x89PNG")


STEPS = {"kind": "step_decay", "step_size": {"of_edge": 0.9}, "divide_by": 3.0, "decay_at": 0.1}


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (
            {"schedule": {**STEPS, "step_size": 0.1}},
            r"schedule\.step_size 0\.1; every run must be in units of the edge",
        ),
        (
            {"schedule": STEPS},
            r"schedule with of_edge 0\.9 and large steps for 0\.1 .*, as run 'early' has; every",
        ),
        (
            {"algorithm": {"kind": "gd_on_noisy_labels", "of": "edge-30"}},
            r"algorithm\.of 'edge-30'; every run must have a schedule of its own",
        ),
    ],
)
def test_runs_without_a_place_of_their_own(population, run, says):
    runs = population["experiments"]["first"]["runs"]
    runs["edge-30"]["algorithm"] = {"kind": "sgd", "log_loss": True}
    runs["other"] = run
    where = r"^figures\.edge\.experiment: got experiments\.first\.runs\.other\."
    with pytest.raises(ConfigError, match=where + says) as caught:
        Plan(population)
    assert "\n" not in str(caught.value)


def test_runs_that_never_decay_last_for_all_iterations(population):
    runs = population["experiments"]["first"]["runs"]
    runs["never"] = {"schedule": {"kind": "constant", "step_size": {"of_edge": 0.9}}}
    runs["by-one"] = {"schedule": {**STEPS, "divide_by": 1.0}}
    with pytest.raises(ConfigError, match="large steps for 1 of the iterations, as run 'never'"):
        Plan(population)


@pytest.fixture
def repeated(population):
    """The population with edge-90 repeated from perturbed starts."""
    first = population["experiments"]["first"]
    again = {"kind": "sgd", "perturbation": 1e-14}
    first["runs"]["again"] = {**first["runs"]["edge-90"], "algorithm": again}
    first["replicates"] = 5
    return population


def test_repeated_runs_stand_beside_those_that_survive_by_construction(repeated):
    def some_diverge(table):
        gone = [("edge-50", 1), ("again", 0), ("again", 2)]
        for run, replicate in gone:
            of = (table["run"] == run) & (table["replicate"] == replicate)
            table.loc[of, "diverged_at"] = 7

    figure, table = draw(repeated, some_diverge)
    axes = figure.axes[1]
    assert ([0.3, 0.5, 0.9], [0, 0.2, 0]) in drawn(axes)
    # Replicate 0 has the start that the edge has seen.
    white = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    (again,) = [line for line in white if len(line.get_xdata())]
    assert (list(again.get_xdata()), list(again.get_ydata())) == ([0.9], [0.25])
    for place, count, of in ((0.3, 0, 5), (0.5, 1, 5), (0.9, 1, 4)):
        assert_drawn(axes, [place, place], exact_interval(count, of))
    assert axes.get_ylim()[1] > exact_interval(1, 4)[1]
    texts = " ".join(legend_texts(figure))
    assert "out of sample" in texts
    assert "95 % interval" in texts
    # Values of the run are not mixed with those of the one that it repeats.
    median = last_snapshots(table[table["run"] == "edge-90"])["test_loss"].median()
    lines = [y for x, y in drawn(figure.axes[0]) if list(x) == [0.3, 0.5, 0.9]]
    assert median in [pytest.approx(y[-1], rel=1e-12) for y in lines]


def test_without_repeated_runs_none_is_in_the_legend(population):
    figure, _ = draw(population)
    assert "out of sample" not in " ".join(legend_texts(figure))


@pytest.mark.parametrize(
    ("fraction", "says"),
    [
        (
            0.8,
            r"runs\.again, a run with a perturbation, with of_edge 0\.8 and large steps for 0",
        ),
        (0.9, r"runs\.twice\.schedule with of_edge 0\.9 .*, as run 'again' has; every run must"),
    ],
)
def test_runs_that_repeat_none_or_one_twice_are_refused(repeated, fraction, says):
    runs = repeated["experiments"]["first"]["runs"]
    if fraction == 0.9:
        runs["twice"] = dict(runs["again"])
    else:
        runs["again"]["schedule"] = {
            **runs["again"]["schedule"],
            "step_size": {"of_edge": fraction},
        }
    with pytest.raises(ConfigError, match=says):
        Plan(repeated)


def test_legend_shows_the_durations_as_they_are_drawn(population):
    figure, _ = draw(population)
    (lines,) = [
        of
        for of in (legend.get_lines() for legend in figure.legends)
        if "large" in of[0].get_label()
    ]
    told = {
        line.get_label(): (line.get_color(), line.get_marker(), line.get_linestyle())
        for line in lines
    }
    # A line for the longest alone; medians of the others stand beside it, unconnected.
    assert told == {
        "large steps for 10 % of the iterations": ("#E69F00", "s", "None"),
        "large steps for 50 % of the iterations": ("#0072B2", "o", "-"),
    }
    looks = {
        (line.get_color(), line.get_marker(), line.get_linestyle())
        for line in figure.axes[1].lines
        if line.get_marker() in ("o", "s") and len(line.get_xdata())
    }
    assert set(told.values()) == looks


@pytest.mark.parametrize(
    ("schedule", "share"),
    [
        ({"kind": "piecewise", "pieces": [[0, 1], [0.25, 0.5]]}, 0.25),
        ({"kind": "linear_decay", "decay_at": 0.25}, 0.25),
        ({"kind": "table", "values": [[0, 1], [15, 0.5]]}, 0.25),
        ({"kind": "cosine"}, 1),
        ({"kind": "cyclic", "factor": 2, "period": 0.1}, 1),
    ],
)
def test_duration_of_large_steps_of_schedules_without_one_decay(population, schedule, share):
    runs = population["experiments"]["first"]["runs"]
    runs["other"] = {"schedule": {**schedule, "step_size": {"of_edge": 0.9}}}
    experiment = Plan(population).config.experiments["first"]
    assert large_share(experiment.runs["other"].schedule, experiment.iterations) == share
    # A place of its own: another run may not be there.
    runs["same"] = copy.deepcopy(runs["other"])
    with pytest.raises(ConfigError, match=f"large steps for {share:g} of the iterations"):
        Plan(population)
