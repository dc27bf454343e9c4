"""SGD beside the SDE, gradient flow and descent on noisy labels: what the figures show, refuse."""

import copy
import json

import numpy as np
import pandas as pd
import pytest
from figure_tables import assert_drawn, assert_filled, legend_texts, plot

from conftest import ROOT, TINY, batch_of
from sparsestep.artifacts.tables import last_snapshots
from sparsestep.errors import ConfigError
from sparsestep.figures import render
from sparsestep.figures.draw import agreement, label_noise
from sparsestep.figures.sources import Sources
from sparsestep.measures import measure
from sparsestep.plan import Plan
from sparsestep.plan.blocks import dumped
from sparsestep.problems import generate
from sparsestep.report.page import render_caption
from sparsestep.training import train

SCHEDULE = {"kind": "step_decay", "step_size": 0.05, "decay_at": 0.5, "divide_by": 2.0}
RUNS = {
    "sgd": {"algorithm": {"kind": "sgd", "log_loss": True}, "schedule": SCHEDULE},
    "labels": {"algorithm": {"kind": "gd_on_noisy_labels", "of": "sgd"}},
    "sde": {"algorithm": {"kind": "sde", "of": "sgd", "substeps": 2}},
    "flow": {"algorithm": {"kind": "sde", "of": "sgd", "noise": "none"}, "label": "no noise"},
}
NAMES = ("curves", "agreement", "label_noise")


@pytest.fixture
def raw(tiny):
    """Two experiments with the same runs, and a figure of every kind."""
    first = tiny["experiments"]["first"]
    first["runs"] = copy.deepcopy(RUNS)
    first["measure"]["label_noise"] = None
    tiny["experiments"]["second"] = copy.deepcopy(first)
    tiny["experiments"]["second"]["problem"]["data_seed"] = 5
    metrics = ["jacobian_rank", "l0"]
    tiny["figures"] = {
        "curves": {**TINY["figures"]["curves"], "runs": ["flow", "sgd"]},
        "agreement": {
            "kind": "agreement",
            "runs": ["sde", "flow"],
            "networks": [
                {"experiment": "first", "metrics": metrics},
                {"experiment": "second", "metrics": metrics[:1]},
            ],
        },
        "label_noise": {
            "kind": "label_noise",
            "networks": ["first", "second"],
            "runs": ["sgd", "labels"],
        },
    }
    runs = {"sgd": {"jacobian_rank": 3, "l0": 4}, "flow": {"jacobian_rank": 8}, "sde": {"l0": 5}}
    tiny["published"] = [{"figure": "Figure 9", "experiment": "first", "runs": runs}]
    return tiny


def drawn_from(raw, name):
    """Sources and spec of a figure, all runs trained and measured."""
    plan = Plan(raw)
    tables, problems, trajectories = {}, {}, {}
    for experiment, entry in plan.config.experiments.items():
        parts = []
        for run in entry.runs:
            own = plan.experiments.problem(experiment, run)
            problem = generate({**own, "replicates": [0, 2]})
            spec = {**plan.experiments.run(experiment, run), "replicates": [0, 2]}
            other = trajectories.get((experiment, entry.runs[run].followed))
            trajectories[experiment, run] = train(problem, spec, 1, None, other)
            measured = {**spec, "measure": dumped(entry.measure)}
            parts.append(measure(problem, trajectories[experiment, run], measured))
            parts[-1].insert(0, "run", run)
        tables[experiment] = pd.concat(parts, ignore_index=True)
        problems[experiment] = problem
    spec = json.loads(plan.jobs.spec("figure")(batch_of("first", figure=name)))
    return Sources(tables, problems, trajectories), spec


def texts_of(figure):
    """Legend entries, and what is written into panels."""
    legends = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return legends, [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize("step_size", [0.05, 500.0])
@pytest.mark.parametrize("name", NAMES)
def test_drawn_and_rendered_diverged_or_not(raw, name, step_size):
    for experiment in raw["experiments"].values():
        experiment["runs"]["sgd"]["schedule"]["step_size"] = step_size
    sources, spec = drawn_from(raw, name)
    fates = sources.trajectories["first", "sgd"].diverged_at
    assert ((fates >= 0) == (step_size > 1)).all()
    first, second = (render(plot(sources, spec), "png") for _ in range(2))
    assert first.startswith(b"\x89PNG")
    assert first == second


def test_curves_of_some_runs_only(raw):
    sources, spec = drawn_from(raw, "curves")
    legends, _ = texts_of(plot(sources, spec))
    assert "flow: no noise (0 of 3 diverged)" in legends
    assert not any(text.startswith(("sde", "labels")) for text in legends)


def test_agreement_shows_replicates_medians_and_published(raw):
    sources, spec = drawn_from(raw, "agreement")
    table = sources.tables["first"]
    # No two runs or replicates have the same value, so that no two of them can be confused.
    table["jacobian_rank"] = np.random.default_rng(0).uniform(1, 9, len(table))
    figure = plot(sources, spec)
    last = last_snapshots(table).pivot(index="replicate", columns="run", values="jacobian_rank")
    drawn = [(list(line.get_xdata()), list(line.get_ydata())) for line in figure.axes[0].lines]
    assert (list(last["sgd"]), list(last["flow"])) in drawn
    assert ([last["sgd"].median()], [last["sde"].median()]) in drawn
    assert ([3], [8]) in drawn
    # Below, what is published of both runs.
    below = [(list(line.get_xdata()), list(line.get_ydata())) for line in figure.axes[2].lines]
    assert ([4], [5]) in below
    assert legend_texts(figure).count("published, one seed") == 1
    plain = drawn_from({**raw, "published": []}, "agreement")
    assert "published, one seed" not in legend_texts(plot(*plain))
    # The experiment with one metric leaves the panel below it empty.
    assert [axes.axison for axes in figure.axes] == [True, True, True, False]


def test_agreement_shades_what_lies_near_the_reference(raw):
    raw["figures"]["agreement"]["margin"] = 1.5
    sources, spec = drawn_from(raw, "agreement")
    figure = plot(sources, spec)
    axes = figure.axes[0]
    low, high = axes.get_xlim()
    assert_drawn(axes, [low, high], [low, high])
    assert_filled(axes, [low, high], [low / 1.5, high / 1.5], [low * 1.5, high * 1.5])
    last = last_snapshots(sources.tables["first"])
    reference = last.loc[last["run"] == "sgd", "jacobian_rank"]
    assert low < min(reference.min(), 3) < max(reference.max(), 3) < high
    # Only the first of a network's panels has it.
    assert not figure.axes[2].collections
    legends, _ = texts_of(figure)
    assert "within a factor of 1.5 of it" in legends


def test_agreement_writes_the_numbers_of_the_run(raw):
    sources, spec = drawn_from(raw, "agreement")
    table = sources.tables["first"]
    for run, value in (("sgd", 4.0), ("sde", 6.0), ("flow", 5.0)):
        table.loc[table["run"] == run, "jacobian_rank"] = value
    table.loc[table["run"] == "flow", "diverged_at"] = 20
    lost = (table["run"] == "sde") & (table["replicate"] == 1)
    # One that diverges where it begins has diverged too.
    table.loc[lost, "diverged_at"] = 0
    _, written = texts_of(plot(sources, spec))
    assert "sgd: median 4" in written
    assert "sde: 6 (+2), 1 of 3 diverged" in written
    assert "flow: no survivor, 3 of 3 diverged" in written


def test_signed():
    assert [agreement._signed(x) for x in (-8.5, 0.0, 138.4)] == ["-8.5", "0", "+138"]


def test_differences_are_those_of_the_parameters(raw):
    sources, spec = drawn_from(raw, "label_noise")
    sgd, labels = (sources.trajectories["first", run] for run in ("sgd", "labels"))
    # Further apart than rounding, so that their size is more than the bottom of the axis.
    labels.parameters[:] += np.random.default_rng(0).normal(0, 1e-3, labels.parameters.shape)
    labels.parameters[2] = sgd.parameters[2]
    # No difference at all stands there.
    bottom = np.finfo(float).eps / 100
    axes = plot(sources, spec).axes[2]
    drawn = [line.get_ydata() for line in axes.lines if line.get_linewidth() == 0.7]
    assert len(drawn) == 3
    for row, found in enumerate(drawn):
        for s, value in enumerate(found):
            apart = sgd.parameters[row, s] - labels.parameters[row, s]
            expected = np.sqrt((apart**2).sum() / (sgd.parameters[row, s] ** 2).sum())
            assert value == pytest.approx(max(expected, bottom), rel=1e-9)
    table = sources.tables["first"]
    gap = table[table["run"].isin(["sgd", "labels"])].groupby("iteration")["label_noise_gap"]
    assert 0 < gap.max().max() < 1e-13
    assert not np.allclose(gap.max(), gap.median(), rtol=0.01, atol=0)
    # The largest of all replicates and both runs.
    assert_drawn(axes, gap.max().index, np.maximum(gap.max(), bottom))
    level = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert [set(line.get_ydata()) for line in level] == [{np.finfo(float).eps}]


def test_losses_of_replicate_0_stand_above_the_differences(raw):
    sources, spec = drawn_from(raw, "label_noise")
    axes = plot(sources, spec).axes[1]
    table = sources.tables["second"]
    assert len(axes.lines) == 2
    for line, run in zip(axes.lines, ("sgd", "labels"), strict=True):
        of_run = table[(table["run"] == run) & (table["replicate"] == 0)]
        np.testing.assert_array_equal(line.get_xdata(), of_run["iteration"])
        np.testing.assert_array_equal(line.get_ydata(), of_run["train_loss"])


def test_where_one_of_the_two_diverged_first(raw):
    sources, _ = drawn_from(raw, "label_noise")
    sgd, labels = (sources.trajectories["first", run] for run in ("sgd", "labels"))
    sgd.diverged_at[:] = [-1, 30, 40]
    labels.diverged_at[:] = [-1, -1, 20]
    assert label_noise._diverged(sgd, labels).tolist() == [-1, 30, 20]
    for at, row in ((30, 1), (20, 2)):
        sgd.parameters[row, sgd.iterations >= at] = np.nan
    axes = plot(sources, drawn_from(raw, "label_noise")[1]).axes[2]
    crosses = [list(line.get_xdata()) for line in axes.lines if line.get_marker() == "x"]
    assert crosses == [[30], [20]]


@pytest.mark.parametrize("name", ["sde_agreement", "label_noise"])
def test_captions_say_how_much_was_simulated(published, name):
    spec = json.loads(published.jobs.spec("report")(None))
    entry = next(figure for figure in spec["figures"] if figure["name"] == name)
    experiments = {experiment["name"]: experiment for experiment in spec["experiments"]}
    config = {"figures": {name: entry}, "experiments": experiments}
    text = (ROOT / "workflow" / "report" / f"{entry['kind']}.rst").read_text()
    caption = " ".join(render_caption(text, {"figure": name}, config).split())
    for network in published.config.figures[name].networks:
        experiment = network.experiment if name == "sde_agreement" else network
        shown = experiments[experiment]
        for part in (f"{shown['replicates']} replicates", f"{shown['iterations']} iterations"):
            assert part in caption[caption.index(experiment) :]
    assert "system-message" not in caption


# figure, key and value put there, what the line must say
MISTAKES = [
    (
        "curves",
        "runs",
        ["sgdd"],
        "runs.0: got 'sgdd'; the runs of experiments.first are sgd, labels, sde, flow",
    ),
    ("agreement", "runs", ["sde", "x"], "runs.1: got 'x'; the runs of experiments.second are"),
    ("agreement", "runs", [], "runs: got []; must have at least 1 entry"),
    ("agreement", "reference", "sg", "reference: got 'sg'; the runs of experiments.second are sgd"),
    ("agreement", "margin", 0.5, "margin: got 0.5; input should be greater than or equal to 1"),
    ("agreement", "margin", float("inf"), "margin: got inf; input should be a finite number"),
    ("agreement", "margin", True, "margin: got True; input should be a number"),
    (
        "agreement",
        "networks",
        [{"experiment": "first", "metrics": ["rank"]}],
        "networks.0.metrics.0: not measured there, got 'rank'; valid: train_loss",
    ),
    (
        "agreement",
        "networks",
        [{"experiment": "first", "metrics": ["l0"], "published": {"sgd": 3}}],
        "networks.0.published: unknown key",
    ),
    (
        "agreement",
        "networks",
        [{"experiment": "frst", "metrics": ["l0"]}],
        "networks.0.experiment: there is none, got 'frst'; valid: first",
    ),
    (
        "label_noise",
        "runs",
        ["sgd", "sde"],
        "runs: in experiments.second they are sgd, sde; must be sgd, gd_on_noisy_labels",
    ),
    ("label_noise", "runs", ["sgd", "lbls"], "runs.1.first: experiments.first has no such run"),
]


@pytest.mark.parametrize(("name", "key", "value", "says"), MISTAKES)
def test_mistake_is_one_clear_line(raw, name, key, value, says):
    raw["figures"][name][key] = value
    with pytest.raises(ConfigError) as caught:
        Plan(raw)
    assert str(caught.value).splitlines()[0].startswith(f"figures.{name}.{says}")


def test_steps_of_label_noise_must_be_the_same(raw):
    labels = {"algorithm": {"kind": "gd_on_noisy_labels"}, "schedule": SCHEDULE}
    raw["experiments"]["first"]["runs"]["labels"] = labels
    with pytest.raises(ConfigError, match="it has step sizes of its own; must be `of: sgd`"):
        Plan(raw)


def test_label_noise_must_follow_the_run_that_it_is_compared_with(raw):
    for experiment in raw["experiments"].values():
        slower = {**SCHEDULE, "step_size": 0.01}
        experiment["runs"]["slow"] = {"algorithm": RUNS["sgd"]["algorithm"], "schedule": slower}
        experiment["runs"]["labels"] = {"algorithm": {"kind": "gd_on_noisy_labels", "of": "slow"}}
    with pytest.raises(ConfigError, match=r"label_noise\.runs\.1: .* must be `of: sgd`"):
        Plan(raw)


def test_label_noise_needs_its_measurement(raw):
    del raw["experiments"]["second"]["measure"]["label_noise"]
    with pytest.raises(ConfigError, match=r"networks.1.label_noise_gap: not measured there"):
        Plan(raw)


def test_legends_titles_and_axes_of_label_noise(raw):
    raw["experiments"]["second"]["title"] = "Second"
    sources, spec = drawn_from(raw, "label_noise")
    table = sources.tables["first"]
    # What diverges leaves the others their room: ten times what the runs begin with is too much.
    first = table[(table["run"] == "labels") & (table["iteration"] == 0)]["train_loss"].max()
    of_last = (table["run"] == "labels") & (table["replicate"] == 0)
    last = table[of_last]["iteration"].max()
    table.loc[of_last & (table["iteration"] == last), "train_loss"] = 10 * first
    before = table[of_last]["iteration"].nlargest(2).min()
    table.loc[of_last & (table["iteration"] == before), "train_loss"] = 9.9 * first
    figure = plot(sources, spec)
    above, _, below, right = figure.axes
    sgd, labels = above.lines
    assert np.isnan(labels.get_ydata()[-1])
    assert labels.get_ydata()[-2] == pytest.approx(9.9 * first)
    assert np.isfinite(sgd.get_ydata()).all()
    assert [axes.get_title() for axes in figure.axes[:2]] == ["First", "Second"]
    assert (above.get_ylabel(), below.get_ylabel()) == ("training loss", "relative difference")
    assert below.get_xlabel() == right.get_xlabel() == "iteration"
    assert above.get_xlim() == (0, 60)
    assert [legend.get_title().get_text() for legend in figure.legends] == [
        "upper row",
        "lower row",
    ]
    handles = [handle for legend in figure.legends for handle in legend.legend_handles]
    entries = dict(zip(legend_texts(figure), handles, strict=True))
    by_look = {
        "SGD": sgd,
        "full-batch descent on the labels that Prop. 2.1 says": labels,
    }
    for text, line in by_look.items():
        assert entries[text].get_color() == line.get_color()
        assert entries[text].get_linewidth() == line.get_linewidth()
    thin = [line for line in below.lines if line.get_linewidth() == 0.7]
    step = next(line for line in below.lines if line.get_linestyle() == "-" and line not in thin)
    (apart,) = (text for text in entries if text.startswith("the runs so far apart"))
    (gap,) = (text for text in entries if text.startswith("a single step"))
    assert entries[apart].get_color() == thin[0].get_color() != step.get_color()
    assert entries[gap].get_color() == step.get_color()


def test_axes_and_legends_of_agreement_name_the_reference_and_the_run(raw):
    raw["figures"]["agreement"] |= {"reference": "labels", "runs": ["sgd", "sde"]}
    raw["experiments"]["first"]["runs"]["sde"]["label"] = "model"
    sources, spec = drawn_from(raw, "agreement")
    figure = plot(sources, spec)
    axes = figure.axes[0]
    assert axes.get_xlabel() == f"{axes.get_ylabel()}, labels"
    legends, written = texts_of(figure)
    assert "sde: model" in legends
    assert "as labels" in legends
    assert "a replicate that survives labels and the run" in legends
    assert written[0].startswith("labels: median")
    # One colour for each run: in its points, below the panel, and in the legend.
    handles = dict(
        zip(legends, [h for of in figure.legends for h in of.legend_handles], strict=True)
    )
    points = [line for line in axes.lines if line.get_markersize() == 4]
    texts = {text.get_text().partition(":")[0]: text for text in axes.texts}
    for line, run in zip(points, ("sgd", "sde"), strict=True):
        (entry,) = (text for text in handles if text.startswith(f"{run}: "))
        assert handles[entry].get_color() == line.get_color() == texts[run].get_color()
        assert handles[entry].get_marker() == line.get_marker()
    assert points[0].get_marker() != points[1].get_marker()
    # Below each other.
    assert [texts[run].xyann[1] for run in ("labels", "sgd", "sde")] == [-38, -48, -58]


@pytest.mark.parametrize(
    ("values", "margin", "expected"),
    [
        ([1.0, 3.0, np.nan], 0.5, (0.0, 4.0)),
        ([2.0, 2.0], 0.5, (1.5, 2.5)),
        ([np.nan, np.inf], 0.5, (0.0, 1.0)),
    ],
)
def test_limits_of_an_axis_of_agreement(values, margin, expected):
    assert agreement._limits(np.array(values), margin) == expected


def test_both_runs_are_drawn_to_their_own_end(raw):
    runs = raw["experiments"]["second"]["runs"]
    # A run that is not shown has more.
    runs["sgd"]["iterations"], runs["other"] = 120, {"schedule": SCHEDULE, "iterations": 180}
    sources, spec = drawn_from(raw, "label_noise")
    limits = [axes.get_xlim() for axes in plot(sources, spec).axes]
    assert limits == [(0, 60), (0, 120)] * 2
    text = (ROOT / "workflow" / "report" / "label_noise.rst").read_text()
    config = {"figures": {"label_noise": spec["figure"]}, "experiments": spec["experiments"]}
    said = render_caption(text, {"figure": "label_noise"}, config)
    assert "60 iterations; second: 3 replicates, 120 iterations." in " ".join(said.split())


def test_the_caption_tells_iterations_that_are_not_the_experiments(raw):
    raw["experiments"]["second"]["runs"]["sgd"]["iterations"] = 120
    spec = json.loads(Plan(raw).jobs.spec("figure")(batch_of("first", figure="agreement")))
    text = (ROOT / "workflow" / "report" / "agreement.rst").read_text()
    config = {"figures": {"agreement": spec["figure"]}, "experiments": spec["experiments"]}
    said = " ".join(render_caption(text, {"figure": "agreement"}, config).split())
    first, second = (f"{name} (3 replicates, 60 iterations" for name in ("first", "second"))
    assert f"{first}), {second}, 120 of sgd, 120 of sde, 120 of flow)." in said
