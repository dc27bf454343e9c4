"""Figures over keys of sweeps: what they ask for, and what is drawn of tables made by hand."""

import copy

import numpy as np
import pandas as pd
import pytest
import yaml
from figure_tables import assert_drawn, assert_filled, drawn, filled, legend_texts, plot

from conftest import ROOT
from sparsestep.errors import ConfigError
from sparsestep.figures.parts import style
from sparsestep.figures.parts.series import Series, series_of, shades
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.dependence import Spec
from sparsestep.plan import Plan
from unit.config.test_sweep_points import raw

WIDTHS = [10, 20, 40]
STEPS = [{"of_edge": 0.5}, {"of_edge": 0.9}]
SWEEPS = {
    "widths": {
        "experiment": "teacher",
        "over": {"model.widths.0": WIDTHS, "schedule.step_size": STEPS},
        "edges": True,
    },
    "single": {"experiment": "teacher", "over": {"model.widths.0": WIDTHS}, "edges": True},
    "kinds": {
        "experiment": "teacher",
        "over": {"algorithm": [{"kind": "sgd"}, {"kind": "gd"}], "schedule.step_size": [0.1, 0.2]},
    },
    "cube": {
        "experiment": "teacher",
        "over": {
            "model.widths.0": WIDTHS,
            "schedule.step_size": [0.1, 0.2],
            "problem.n_train": [4, 6],
        },
    },
    "many": {
        "experiment": "teacher",
        "over": {
            "model.widths.0": [10],
            "schedule.step_size": [0.01 * n for n in range(1, 12)],
            "model.weight_scales.0": [0, 1],
        },
    },
}
FIGURE = {"kind": "dependence", "sweep": "widths", "x": "model.widths.0", "panels": ["edge"]}
COLOURED = FIGURE | {"colour": "schedule.step_size"}


def config(**figure):
    content = raw(experiment="teacher", over={"iterations": [20]})
    content["sweeps"] = copy.deepcopy(SWEEPS)
    content["figures"] = {"mine": copy.deepcopy(figure)}
    return content


def spec_of(**figure):
    return Plan(config(**figure)).figures.figure("mine")


def table(over, value, replicates=8, diverged=lambda at, replicate: False):
    """A sweep's table: `value(at, replicate)` of what is measured, at every point of `over`."""
    rows = []
    for at in pd.MultiIndex.from_product(over.values()):
        for replicate in range(replicates):
            found, lost = value(at, replicate), diverged(at, replicate)
            measured = np.nan if lost else found
            rows.append(["", *at, replicate, 39, 7 if lost else -1, found, measured, measured])
    columns = ["run", *over, "replicate", "iteration", "diverged_at", "edge"]
    return pd.DataFrame(rows, columns=[*columns, "train_loss", "jacobian_rank"])


def both(value, **options):
    return table({"model.widths.0": WIDTHS, "schedule.step_size": [0.5, 0.9]}, value, **options)


def panels(page):
    return [axes for axes in page.axes if axes.get_xlabel()]


def law(at, replicate):
    """3 x^-1.5 at every second step size 5 times as much, and replicates around it."""
    return 3 * at[0] ** -1.5 * (5 if at[-1] == 0.9 else 1) * np.exp(0.1 * (replicate - 3.5))


def test_medians_bands_and_replicates():
    spec = spec_of(**COLOURED)
    page = plot(Sources(tables={"sweeps.widths": both(law)}), spec)
    (axes,) = panels(page)
    assert axes.get_xlabel() == "width of layer 1"
    assert axes.get_ylabel() == "edge, the largest surviving step size"
    for factor in (1, 5):
        of = factor * 3 * np.array(WIDTHS) ** -1.5
        around = np.exp(0.1 * (np.arange(8) - 3.5))
        low, middle, high = np.percentile(around, [10, 50, 90])
        assert_drawn(axes, WIDTHS, of * middle)
        assert_filled(axes, WIDTHS, of * low, of * high)
        for replicate in range(8):
            assert_drawn(axes, WIDTHS, of * around[replicate])
    first, second = (axes.lines[at].get_color() for at in (0, -1))
    assert first != second
    texts = legend_texts(page)
    assert texts[:2] == ["0.5 (0 of 24 diverged)", "0.9 (0 of 24 diverged)"]
    assert page.legends[0].get_title().get_text() == "step size / edge"
    assert "a replicate, of 8" in texts
    assert axes.get_xscale() == "linear"


def test_few_replicates_have_no_band():
    page = plot(Sources(tables={"sweeps.widths": both(law, replicates=5)}), spec_of(**COLOURED))
    assert filled(panels(page)[0]) == []


def test_those_that_diverge_are_counted_marked_and_left_out():
    def lost(at, replicate):
        return at == (40, 0.9) or (at == (20, 0.9) and replicate < 3)

    spec = spec_of(**COLOURED | {"panels": ["train_loss", "diverged", "edge"], "columns": 3})
    page = plot(Sources(tables={"sweeps.widths": both(law, diverged=lost)}), spec)
    losses, shares, edges = panels(page)
    left = [law((20, 0.9), replicate) for replicate in range(3, 8)]
    assert_drawn(losses, [10, 20], [np.median([law((10, 0.9), n) for n in range(8)]), left[2]])
    assert_drawn(shares, WIDTHS, [0, 3 / 8, 1])
    assert_drawn(shares, WIDTHS, [0, 0, 0])
    # Edges are of all.
    middle = np.median([[law((x, 0.9), n) for n in range(8)] for x in WIDTHS], axis=1)
    assert_drawn(edges, WIDTHS, middle)
    assert legend_texts(page)[1] == "0.9 (11 of 24 diverged)"
    for axes in (losses, shares, edges):
        crosses = [line for line in axes.lines if line.get_marker() == "x"]
        assert [list(line.get_xdata()) for line in crosses] == [[40]]
        (above,) = crosses
        assert above.get_color() == shades([0.5, 0.9])[1]


def test_scales_and_lines():
    lines = [{"y": 2}, {"y": "2 / widths", "label": "two of them"}, {"y": "sqrt(x)"}]
    wanted = [{"metric": "edge", "scale": "log", "lines": lines}, "edge"]
    page = plot(
        Sources(tables={"sweeps.widths": both(law)}),
        spec_of(**COLOURED | {"x_scale": "log", "panels": wanted}),
    )
    axes, plain = panels(page)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert (plain.get_xscale(), plain.get_yscale()) == ("log", "linear")
    constant, inverse, root = [
        line for line in axes.lines if line.get_color() == "#808080" and len(line.get_xdata()) > 3
    ]
    x = np.array(inverse.get_xdata())
    assert (x.min(), x.max()) == (10, 40)
    np.testing.assert_allclose(constant.get_ydata(), 2)
    np.testing.assert_allclose(inverse.get_ydata(), 2 / x)
    np.testing.assert_allclose(root.get_ydata(), np.sqrt(x))
    told = [text.get_text() for text in axes.get_legend().get_texts()]
    assert told == ["2", "two of them", "sqrt(x)"]
    low, high = axes.get_ylim()
    assert low < law((40, 0.5), 0)
    assert high > np.sqrt(40)
    assert plain.get_legend() is None


def test_a_power_law_is_found_with_its_interval():
    wanted = [{"metric": "edge", "scale": "log", "fit": "power_law"}]
    page = plot(
        Sources(tables={"sweeps.widths": both(law)}), spec_of(**COLOURED | {"panels": wanted})
    )
    (axes,) = panels(page)
    minus = "\N{MINUS SIGN}"
    told = [text.get_text() for text in axes.get_legend().get_texts()]
    # Replicates are parallel: drawn anew, they leave the exponent as it is.
    exponent = f"exponent {minus}1.50 ({minus}1.50 to {minus}1.50), n = 8"
    assert told == [f"0.5: {exponent}", f"0.9: {exponent}"]
    dotted = [line for line in axes.lines if len(line.get_xdata()) > 100]
    x = np.array(dotted[0].get_xdata())
    np.testing.assert_allclose(dotted[0].get_ydata(), 3 * x**-1.5, rtol=1e-9)


def test_a_law_of_a_single_survivor_is_none():
    wanted = [{"metric": "train_loss", "fit": "power_law"}]
    found = table({"model.widths.0": WIDTHS}, law, diverged=lambda at, n: at[0] > 10)
    figure = FIGURE | {"sweep": "single", "panels": wanted}
    page = plot(Sources(tables={"sweeps.single": found}), spec_of(**figure))
    told = [text.get_text() for text in panels(page)[0].get_legend().get_texts()]
    assert told == ["no power law: no two values have a survivor"]


def test_texts_stand_beside_each_other():
    over = {"algorithm": ["sgd", "gd"], "schedule.step_size": [0.1, 0.2]}
    found = table(over, lambda at, n: (2 if at[0] == "gd" else 1) + at[1] + n)
    figure = {"kind": "dependence", "sweep": "kinds", "x": "algorithm"}
    figure |= {
        "colour": "schedule.step_size",
        "panels": [{"metric": "train_loss", "lines": [{"y": 3}]}],
    }
    page = plot(Sources(tables={"sweeps.kinds": found}), spec_of(**figure))
    (axes,) = panels(page)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["sgd", "gd"]
    middle = np.arange(8).mean()
    assert_drawn(axes, [0, 1], [1.1 + middle, 2.1 + middle])
    assert_drawn(axes, [0, 1], [1.2 + middle, 2.2 + middle])
    assert_drawn(axes, [-0.5, 1.5], [3, 3])
    assert filled(axes) == []


def test_colours_of_texts_and_one_value_of_a_third_key():
    over = {"model.widths.0": WIDTHS, "schedule.step_size": [0.1, 0.2], "problem.n_train": [4, 6]}
    found = table(over, lambda at, n: sum(at) + n)
    figure = FIGURE | {"sweep": "cube", "colour": "schedule.step_size", "panels": ["train_loss"]}
    page = plot(
        Sources(tables={"sweeps.cube": found}), spec_of(**figure | {"at": {"problem.n_train": 6}})
    )
    assert_drawn(panels(page)[0], WIDTHS, np.array(WIDTHS) + 6.1 + 3.5)
    assert legend_texts(page)[0] == "0.1 (0 of 24 diverged)"
    chosen = {"problem.n_train": 6, "schedule.step_size": [0.2], "model.widths.0": [10, 40]}
    page = plot(Sources(tables={"sweeps.cube": found}), spec_of(**figure | {"at": chosen}))
    assert_drawn(panels(page)[0], [10, 40], np.array([10, 40]) + 6.2 + 3.5)


@pytest.mark.parametrize("colour", [None, "schedule.step_size"])
def test_several_sweeps(colour):
    single = table({"model.widths.0": WIDTHS}, lambda at, n: 100.0 + n)
    sources = Sources(tables={"sweeps.widths": both(law), "sweeps.single": single})
    if colour is None:
        figure = FIGURE | {"sweep": ["widths", "single"], "at": {"schedule.step_size": 0.9}}
        names = ["nine tenths (0 of 24 diverged)", "single (0 of 24 diverged)"]
        figure |= {"labels": {"widths": "nine tenths"}}
    else:
        sources.tables["sweeps.cube"] = table(
            {"model.widths.0": WIDTHS, "schedule.step_size": [0.1, 0.2], "problem.n_train": [4]},
            lambda at, n: 100.0 + n,
        )
        figure = COLOURED | {"sweep": ["widths", "cube"], "at": {"problem.n_train": 4}}
        figure |= {"panels": ["train_loss"]}
        names = [f"{n} (0 of 24 diverged)" for n in ("0.1", "0.2", "0.5", "0.9")]
        names += ["widths", "cube"]
    page = plot(sources, spec_of(**figure))
    (axes,) = panels(page)
    assert legend_texts(page)[: len(names)] == names
    assert_drawn(axes, WIDTHS, [103.5] * 3)
    middle = np.median([[law((x, 0.9), n) for n in range(8)] for x in WIDTHS], axis=1)
    assert_drawn(axes, WIDTHS, middle)


def test_runs_beside_the_sweep():
    beside = [{"experiment": "teacher", "run": "large"}]
    beside += [{"experiment": "teacher", "run": "large", "x": 80, "label": "there"}]
    rows = [("large", n, t, -1, 0.1, n + t) for n in range(8) for t in (0, 39)]
    columns = ["run", "replicate", "iteration", "diverged_at", "train_loss", "jacobian_rank"]
    tables = {"sweeps.widths": both(law), "teacher": pd.DataFrame(rows, columns=columns)}
    figure = COLOURED | {"panels": ["jacobian_rank", "edge", "diverged"], "beside": beside}
    page = plot(Sources(tables=tables), spec_of(**figure))
    axes, edges, shares = panels(page)
    assert_drawn(axes, [0, 1], [42.5, 42.5])
    assert_drawn(axes, [80], [42.5])
    assert axes.get_xlim()[1] > 80
    assert "teacher, large" in legend_texts(page)
    assert "there" in legend_texts(page)
    assert [x for x, _ in drawn(edges) if x in ([0, 1], [80])] == []
    assert_drawn(shares, [80], [0.0])


def test_a_sweep_over_step_size_and_duration():
    content = config(**FIGURE)
    content["sweeps"]["phases"] = {
        "experiment": "first",
        "replicates": 2,
        "schedule": {"kind": "step_decay", "divide_by": 2},
        "step_size": [0.1, 0.2],
        "decay_at": [0.3, 0.5],
        "measure": {"losses": None},
    }
    figure = {"kind": "dependence", "sweep": "phases", "x": "step_size", "colour": "decay_at"}
    content["figures"] = {"mine": figure | {"panels": ["train_loss"]}}
    found = table({"step_size": [0.1, 0.2], "decay_at": [0.3, 0.5]}, lambda at, n: sum(at))
    spec = Plan(content).figures.figure("mine")
    page = plot(Sources(sweeps={"phases": found.drop(columns="run")}), spec)
    assert_drawn(panels(page)[0], [0.1, 0.2], [0.6, 0.7])


def test_the_example_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (text,) = (
        block.partition("```")[0] for block in readme.split("```yaml\n")[1:] if "my_edges:" in block
    )
    content = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    for block, entries in yaml.safe_load(text).items():
        content[block] |= entries
    spec = Plan(content).figures.figure("my_edges")
    assert spec["figure"]["axes"]["schedule.step_size"] == "step size / edge"


def told(**figure):
    with pytest.raises(ConfigError) as caught:
        Plan(config(**figure))
    return str(caught.value).removeprefix("figures.mine.")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sweep": "width"}, "sweep: there is none, got 'width'; valid: widths, single, kinds, "),
        (
            {"sweep": ["widths", "kinds"], "panels": ["train_loss"]},
            "x: no key of sweeps.kinds, got 'model.widths.0'; valid: algorithm, schedule.step_size",
        ),
        ({"x": "model.width"}, "x: no key of sweeps.widths, got 'model.width'; valid: model.wi"),
        ({"colour": "model.widths.0"}, "colour: got 'model.widths.0' again; must be another key"),
        (
            {"colour": None},
            "at.'schedule.step_size': must be one value: sweeps.widths has 2, 0.5, 0.9, and no ax",
        ),
        ({"at": {"l": 1}}, "at.l: no key of sweeps.widths, got 'l'; valid: model.widths.0, sched"),
        (
            {"at": {"model.widths.0": [10, 11]}},
            "at.'model.widths.0': sweeps.widths has no such value, got '11'; valid: 10, 20, 40",
        ),
        ({"panels": ["l0"]}, "panels.0: not measured there, got 'l0'; valid: train_loss, test_l"),
        ({"panels": []}, "panels: got []; must have at least 1 entry"),
        ({"labels": {"0.7": "a"}}, "labels.'0.7': no sweep or value of this figure, got '0.7'; va"),
        ({"axes": {"iterations": "T"}}, "axes.iterations: no key on an axis of this figure, got"),
        ({"panels": [{"metric": "edge", "lines": [{"y": "2 / wid"}]}]}, "panels.0.lines.0.y: got"),
        (
            {"panels": [{"metric": "edge", "lines": [{"y": "1 / (x - 20)"}]}]},
            "panels.0.lines.0.y: got '1 / (x - 20)'; has no value at x = 20, widths = 20",
        ),
        ({"panels": [{"metric": "edge", "fit": "line"}]}, "panels.0.fit: got 'line'; input should"),
        (
            {"panels": [{"metric": "diverged", "fit": "power_law"}]},
            "panels.0.fit: got 'power_law'; diverged is a share",
        ),
        (
            {"at": {"model.widths.0": 10}, "panels": [{"metric": "edge", "fit": "power_law"}]},
            "panels.0.fit: got 'power_law'; model.widths.0 has one value",
        ),
        ({"beside": [{"experiment": "teacher", "run": "x"}]}, "beside.0.run: got 'x'; the runs of"),
        (
            {"beside": [{"experiment": "techer", "run": "large"}], "panels": ["train_loss"]},
            "beside.0.experiment: there is none, got 'techer'; valid: teacher, first (did you",
        ),
        (
            {"beside": [{"experiment": "first", "run": "small"}], "panels": ["jacobian_rank_even"]},
            "beside.0.panels.jacobian_rank_even: not measured there, got 'jacobian_rank_even'; va",
        ),
    ],
)
def test_one_line_for_what_is_wrong(change, says):
    asked = {key: value for key, value in (COLOURED | change).items() if value is not None}
    assert told(**asked).startswith(says)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"x_scale": "log"}, "x_scale: got 'log'; algorithm must be a number, and is 'sgd'"),
        ({"panels": [{"metric": "train_loss", "fit": "power_law"}]}, "panels.0.fit: got 'power_la"),
        (
            {"panels": [{"metric": "train_loss", "lines": [{"y": "2 * x"}]}]},
            "panels.0.lines.0.y: got '2 * x'; algorithm must be a number, and is 'sgd'",
        ),
        ({"beside": [{"experiment": "teacher", "run": "large", "x": 1}]}, "beside.0.x: algorithm"),
    ],
)
def test_texts_have_no_scale(change, says):
    figure = {"kind": "dependence", "sweep": "kinds", "x": "algorithm"}
    figure |= {"colour": "schedule.step_size", "panels": ["train_loss"]}
    assert told(**figure | change).startswith(says)


def test_more_values_than_can_be_told_apart():
    figure = FIGURE | {"sweep": "many", "panels": ["train_loss"], "colour": "schedule.step_size"}
    figure |= {"at": {"model.weight_scales.0": 0}}
    assert told(**figure) == (
        "colour: got 'schedule.step_size' with 11 values; at most 10 shades can be told apart: "
        "choose some, as `at: {schedule.step_size: [0.01, 0.02]}`"
    )
    chosen = {"model.weight_scales.0": 0, "schedule.step_size": [0.01 * n for n in range(1, 11)]}
    Plan(config(**figure | {"at": chosen}))
    content = config(**FIGURE)
    over = {
        "iterations": [20, 40],
        "algorithm": [{"kind": "gd", "perturbation": n / 10} for n in range(6)],
    }
    content["sweeps"] = {"kinds": {"experiment": "teacher", "over": over}}
    asked = {"kind": "dependence", "sweep": "kinds", "x": "iterations", "colour": "algorithm"}
    content["figures"] = {"mine": asked | {"panels": ["train_loss"]}}
    with pytest.raises(ConfigError, match=r"with 6 values; at most 5 colours without an order can"):
        Plan(content)


def test_more_curves_than_can_be_told_apart():
    content = config(**FIGURE)
    over = {"iterations": [20, 40], "schedule.step_size": [0.1, 0.2, 0.3, 0.4]}
    sweep = {"experiment": "teacher", "over": over}
    content["sweeps"] = {name: copy.deepcopy(sweep) for name in "abc"}
    asked = {"kind": "dependence", "x": "iterations", "colour": "schedule.step_size"}
    asked |= {"sweep": ["a", "b", "c"], "panels": ["train_loss"]}
    content["figures"] = {"mine": asked}
    with pytest.raises(ConfigError, match=r"with 12 curves of 3 sweeps; at most 10 curves can be"):
        Plan(content)
    asked["at"] = {"schedule.step_size": [0.1, 0.2, 0.3]}
    Plan(content)


def test_a_key_that_must_be_positive():
    content = config(**FIGURE | {"x": "model.weight_scales.0", "sweep": "many", "x_scale": "log"})
    content["figures"]["mine"] |= {"at": {"schedule.step_size": 0.01}, "panels": ["train_loss"]}
    with pytest.raises(ConfigError, match=r"x_scale: got 'log'; model.weight_scales.0 must be abo"):
        Plan(content)


BESIDE = {"experiment": "first", "run": "small"}
FIT = {"fit": "power_law"}


def test_ten_shades_and_not_eleven():
    at = {"model.weight_scales.0": 1}
    figure = FIGURE | {"sweep": "many", "colour": "schedule.step_size", "panels": ["train_loss"]}
    ten = [0.01 * n for n in range(1, 11)]
    shown = spec_of(**figure, at=at | {"schedule.step_size": ten})["figure"]["at"]
    assert shown["schedule.step_size"] == ten
    with pytest.raises(
        ConfigError, match=r"^figures\.mine\.colour: got .* with 11 values; at most 10 "
    ):
        spec_of(**figure, at=at)


def checked(**figure):
    return Plan(config(**COLOURED | {"panels": ["train_loss"]} | figure)).figures.block("mine")


def test_what_is_asked_of_sweeps_and_of_the_runs_beside_them():
    # What no experiment measures is asked of none.
    alone = checked(beside=[BESIDE], panels=["edge", "diverged", "train_loss"])
    assert alone.metrics() == {("beside", 0, "panels", "train_loss"): ("first", "train_loss")}
    assert alone.swept_metrics() == {
        ("panels", 0): ("widths", "edge"),
        ("panels", 2): ("widths", "train_loss"),
    }
    assert alone.tables() == ["first"]
    assert alone.sweeps() == {("sweep",): "widths"}
    several = alone.model_copy(update={"sweep": ["widths", "single"]})
    assert several.sweeps() == {("sweep", 0): "widths", ("sweep", 1): "single"}
    assert several.swept_metrics()["panels", 2, "single"] == ("single", "train_loss")
    assert len(several.swept_metrics()) == 4


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"beside": [BESIDE, BESIDE | {"run": "smal"}]}, r"beside\.1\.run: got 'smal'"),
        (
            {"panels": ["edge", {"metric": "diverged", "fit": "power_law"}]},
            r"panels\.1\.fit: .*share",
        ),
        (
            {"panels": [{"metric": "edge", "lines": [{"y": "x"}, {"y": "1 / (x - 20)"}]}]},
            r"panels\.0\.lines\.1\.y: got '1 / \(x - 20\)'; has no value at",
        ),
        ({"labels": {"widths": "W", "10": "ten"}}, r"labels\.10: no sweep or value of this figure"),
    ],
)
def test_mistakes_are_told_where_they_stand(change, says):
    with pytest.raises(ConfigError, match=rf"^figures\.mine\.{says}") as caught:
        spec_of(**COLOURED | change)
    assert "\n" not in str(caught.value)


def test_of_two_sweeps_and_their_values_each_series_has_its_look_and_name():
    labels = {"single": "plain", "0.9": "large"}
    spec = Spec(
        **COLOURED | {"sweep": ["widths", "single"], "at": {"model.widths.0": [10, 20]}},
        labels=labels,
    )
    first = both(law)
    second = both(law)
    second = second[second["schedule.step_size"] == 0.9]
    tables = {"sweeps.widths": first.iloc[::-1], "sweeps.single": second}
    shown = series_of(Sources(tables=tables), spec)
    names = [of.name for of in shown.series]
    assert names == ["widths, 0.5", "widths, large", "plain, large"]
    # A colour for each value, dashes and a marker for each sweep.
    assert [name for name, _ in shown.colours] == ["0.5", "large"]
    assert [[of.name for of in group] for group in shown.by_colour] == [names[:1], names[1:]]
    half, large, plain = shown.series
    assert large.colour == plain.colour != half.colour
    assert (half.dashes, half.marker) == (large.dashes, large.marker)
    assert large.dashes != plain.dashes
    assert large.marker != plain.marker
    assert [name for name, *_ in shown.sweeps] == ["widths", "plain"]
    # Places that are chosen, in their order.
    assert list(half.values("edge").index) == [10, 20]
    assert shown.texts == []
    alone = series_of(Sources(tables=tables), spec.model_copy(update={"sweep": ["widths"]}))
    assert [of.name for of in alone.series] == ["0.5", "large"]
    assert alone.sweeps == []


def test_values_of_a_series_are_finite_and_what_diverges_at_once_diverges():
    columns = ["at", "replicate", "edge", "diverged_at"]
    rows = [(2, 0, np.inf, 0), (2, 1, 3.0, -1), (1, 0, 1.0, 5), (1, 1, np.nan, -1)]
    of = Series("a", pd.DataFrame(rows, columns=columns), "red", "-", "o")
    np.testing.assert_array_equal(of.values("edge"), [[1, np.nan], [np.nan, 3]])
    assert of.diverged().to_numpy().tolist() == [[1, 0], [1, 0]]
    assert shades([1.0]) == shades([2.0])
    # One alone has neither the darkest nor the lightest shade.
    assert shades([1.0])[0] not in shades([1.0, 2.0])
    assert len(set(shades([1.0, 2.0, 3.0]))) == 3
    assert shades(["a", "b"]) == [colour for colour, _ in style.OTHERS[:2]]
