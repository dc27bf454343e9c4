"""Panels over time and what their runs are called, on tables whose numbers tell all apart."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figure_tables import assert_drawn, filled

from sparsestep import schedules
from sparsestep.figures.parts import grid, legend, over_time, panel, style
from sparsestep.figures.parts.shown import Shown, ShownRun
from sparsestep.figures.specs.training_curves import Spec

T = 60
CONSTANT = {"kind": "constant", "step_size": 0.1}
DECAY = {"kind": "step_decay", "step_size": 0.4, "decay_at": 0.5, "divide_by": 4}


def shown(*names, epochs=None, schedule=DECAY, **changes):
    """Runs of these names, the first with a constant step size."""
    each = dict.fromkeys(names, schedule) | {names[0]: CONSTANT}
    runs = {name: ShownRun(None, None, schedules.from_spec(of)) for name, of in each.items()}
    known = {"title": "", "iterations": T, "replicates": 8, "runs": runs, "shown": tuple(runs)}
    return Shown(**known | {"epochs": epochs, **changes})


def table_of(metric, values, lost=None, **columns):
    """Values by (run, replicate), of three snapshots each; some diverge at an iteration."""
    rows = [
        (run, r, t, (lost or {}).get((run, r), -1), value)
        for (run, r), of in values.items()
        for t, value in zip((0, 30, 50), of, strict=True)
    ]
    names = ["run", "replicate", "iteration", "diverged_at", metric]
    return pd.DataFrame(rows, columns=names).assign(**columns)


def several(run, count, scale=1.0):
    return {(run, r): (scale * (1 + r), scale * 2, scale * (3 + r)) for r in range(count)}


@pytest.fixture
def axes():
    yield plt.figure().subplots()
    plt.close("all")


def lines_with(axes, **look):
    return [
        line
        for line in axes.lines
        if all(getattr(line, f"get_{key}")() == value for key, value in look.items())
    ]


def test_crosses_of_each_run_stand_in_a_row_of_their_own(axes):
    values = several("a", 3) | several("b", 3)
    lost = {("a", 1): 0, ("b", 0): 30, ("b", 2): 45}
    over_time.draw(axes, table_of("l0", values, lost), shown("a", "b"), "l0")
    crosses = lines_with(axes, marker="x")
    assert [line.get_xdata().tolist() for line in crosses] == [[0], [30, 45]]
    assert [set(line.get_ydata()) for line in crosses] == [{1.02}, {1.055}]
    looks = shown("a", "b").looks()
    assert [line.get_color() for line in crosses] == [looks["a"][0], looks["b"][0]]
    # What b's replicate 0 was before it diverged is drawn, and need not be in sight.
    assert_drawn(axes, [0, 30, 50], values["b", 0])


@pytest.mark.parametrize(("count", "thin"), [(5, 5), (6, 1)])
def test_of_six_survivors_there_is_a_band_and_no_line_each(axes, count, thin):
    over_time.draw(axes, table_of("l0", several("a", count)), shown("a"), "l0")
    assert len(filled(axes)) == (count == 6)
    assert len(lines_with(axes, linewidth=0.5)) == thin
    # Neither marks where snapshots are many.
    assert {line.get_marker() for line in axes.lines} == {"None", "x"}


@pytest.mark.parametrize("metric", ["test_loss", "train_loss"])
def test_losses_on_their_way_to_infinity_do_not_take_the_axis_along(axes, metric):
    values = several("a", 6) | {("a", 3): (4.0, 1e12, 5.0)}
    over_time.draw(axes, table_of(metric, values), shown("a"), metric)
    # The largest start is 6, and a thousand times of it would be in sight.
    assert 8 < axes.get_ylim()[1] < 20


def test_what_has_diverged_need_not_be_in_sight(axes):
    values = several("a", 7) | {("a", 0): (900.0, 900.0, 900.0)}
    over_time.draw(axes, table_of("l0", values, {("a", 0): 55}), shown("a"), "l0")
    assert axes.get_ylim()[1] < 20
    assert_drawn(axes, [0, 30, 50], [900.0] * 3)


def test_the_edge_of_stability_is_that_of_the_median_step_size(axes):
    table = table_of("sharpness", several("a", 3))
    table["step_size"] = table["replicate"].map({0: 0.1, 1: 0.2, 2: 0.5})
    over_time.draw(axes, table, shown("a"), "sharpness")
    assert_drawn(axes, [0, 30, 50], [10.0] * 3)
    axes.clear()
    # Without step sizes beside many snapshots there is none.
    over_time.draw(axes, table.drop(columns="step_size"), shown("a"), "sharpness")
    assert not any(np.array_equal(line.get_ydata(), [10.0] * 3) for line in axes.lines)


def test_time_in_epochs_is_that_of_decays_divergences_and_the_end(axes):
    # Six iterations an epoch.
    values = several("a", 3) | several("b", 6)
    table = table_of("l0", values, {("a", 1): 30})
    of = shown("a", "b", epochs=10, published={"b": {"l0": 4.5}})
    over_time.draw(axes, table, of, "l0")
    assert (axes.get_xlabel(), axes.get_xlim()) == ("epoch", (0, 10))
    crosses = lines_with(axes, marker="x")
    assert crosses[0].get_xdata().tolist() == [5]
    # The step size falls behind iteration 30, the 31st that b makes.
    (decay,) = of.decays("b")
    (vertical,) = lines_with(axes, linestyle=":")
    assert vertical.get_xdata()[0] == pytest.approx(decay / 6)
    (star,) = lines_with(axes, marker="*")
    assert star.get_xydata().tolist() == [[pytest.approx(50 / 6), 4.5]]
    assert [len(line.get_xdata()) for line in lines_with(axes, marker=".")] == [3, 3]


def test_step_sizes_of_few_snapshots_are_the_schedule_s(axes):
    of = shown("a", "b", epochs=10, iterations=6000)
    table = table_of("step_size", several("b", 3))
    found = over_time._step_sizes(table, of, "b")
    (decay,) = of.decays("b")
    # Just before and just behind its decay; the first and the last iteration.
    at = np.round(np.array(found.index) * 600).astype(int)
    assert {0, decay - 1, decay, 5999} <= set(at)
    assert found.iloc[0] == found[found.index < decay / 600].iloc[-1] == 0.4
    assert set(found[found.index >= decay / 600]) == {0.1}
    assert len(found) <= 302
    over_time.draw(axes, table, of.only(["b"]), "step_size")
    assert_drawn(axes, found.index, found)


def labels(metrics, of, **fates):
    return [
        handle.get_label()
        for handle in over_time.handles(metrics, of, {n: np.array(f) for n, f in fates.items()})
    ]


def test_the_legend_explains_what_is_drawn_of_the_runs_that_are_shown():
    of = shown("a", "b")
    band, each = "10 to 90 % of the survivors", "fewer than six"
    many, few, nobody = [-1] * 6 + [0], [-1] * 5 + [0, 3], [0, 3]
    for fates, has_band, has_each in (
        ((many, many), True, False),
        ((many, few), True, True),
        ((few, many), True, True),
        ((few, nobody), False, True),
        # Of none that survives there is no line.
        ((many, nobody), True, False),
    ):
        texts = labels(["l0"], of, **dict(zip("ab", fates, strict=True)))
        assert (band in texts) == has_band
        assert any(each in text for text in texts) == has_each
    # Of a run that is not shown nothing needs a word.
    assert not any(each in text for text in labels(["l0"], of.only(["a"]), a=many, b=few))
    stable = r"$2 / \eta$ (sharpness)"
    assert stable in labels(["l0", "sharpness"], of, a=many, b=many)
    assert stable not in labels(["l0", "dead"], of, a=many, b=many)


def test_legends_of_runs_count_divergences_at_the_first_iteration():
    of = shown("b", "a")
    fates = legend.fates_in(table_of("l0", several("b", 2) | several("a", 3), {("a", 0): 0}))
    texts = [handle.get_label() for handle in legend.run_handles(fates, of)]
    assert texts == [
        r"b: $\eta$ = 0.1 (0 of 2 diverged)",
        r"a: $\eta$ = 0.4 $\to$ 0.1 at 52 % (1 of 3 diverged)",
    ]
    marks = [(of.get_marker(), of.get_linestyle()) for of in legend.run_handles(fates, of, "o")]
    assert marks == [("o", "None")] * 2


def test_runs_keep_their_looks_whichever_are_shown():
    names = [f"run-{number}" for number in range(len(style.OTHERS) + 2)]
    looks = shown(*names).looks()
    assert looks[names[0]] == looks[names[len(style.OTHERS)]] == style.OTHERS[0]
    some = shown(*names).only([names[3], names[1], names[3]])
    assert list(some.looks().items()) == [(name, looks[name]) for name in (names[3], names[1])]
    # A colour of one's own goes over a known one's; the dashes stay.
    own = ShownRun("mine", "#123456", schedules.from_spec(CONSTANT), 1e-6)
    of = Shown("", T, 1, {"small": own}, ("small",))
    assert of.looks() == {"small": ("#123456", style.RUNS["small"][1])}
    assert of.label("small") == "mine"


def test_labels_say_every_step_size_that_a_run_ends_a_phase_with():
    edge = {**DECAY, "step_size": {"of_edge": 0.5}}
    assert shown("a", "b", schedule=edge).label("b") == (
        r"$\eta$ = 0.5 of the edge $\to$ 0.125 at 52 %"
    )
    twice = {"kind": "exponential_warmup", "step_size": 0.01, "growth": 1.0}
    twice |= {"decay_at": 0.5, "again_at": 0.75}
    assert shown("a", "b", schedule=twice).label("b") == (
        r"$\eta$ = 0.01 $\to$ 0.001 at 50 % $\to$ 0.0001 at 75 %"
    )
    told = {
        "label": "longer than forty-eight characters, so that it takes two lines",
        "colour": None,
    }
    run = ShownRun(**told, schedule=schedules.from_spec(CONSTANT))
    assert Shown("", T, 1, {"a": run}, ("a",)).label("a").count("\n") == 1


@pytest.mark.parametrize(("at", "told"), [(58.5, r" $\to$ 0.1 at 98 %"), (59.5, "")])
def test_a_decay_at_the_last_iteration_is_told_and_one_behind_it_is_not(at, told):
    last = {**DECAY, "decay_at": at / 60}
    assert shown("a", "b", schedule=last).label("b") == rf"$\eta$ = 0.4{told}"


def test_formulas_of_users_are_drawn_or_stand_there_as_they_are():
    assert style.as_text(r"a $\eta$ b") == r"a $\eta$ b"
    assert style.as_text(r"a $\no$ b") == r"a \$\no\$ b"
    assert style.as_text("one two", 4) == "one\ntwo"


def test_what_is_told_of_an_experiment():
    run = {"label": None, "colour": None, "schedule": CONSTANT}
    spec = {"title": "One", "iterations": 7, "replicates": 3, "order": ["b", "a"]}
    spec["runs"] = {"a": run, "b": {**run, "perturbation": 0.5}}
    of = Shown.from_spec({**spec, "epochs": 2, "published": {"a": {"l0": 1.0}}})
    assert (of.title, of.iterations, of.replicates, of.epochs) == ("One", 7, 3, 2)
    assert of.shown == ("b", "a")
    assert {name: each.perturbation for name, each in of.runs.items()} == {"b": 0.5, "a": 0.0}
    assert of.published == {"a": {"l0": 1.0}}
    assert (of.has_few_snapshots, of.time_unit, of.in_time_unit(7)) == (True, "epoch", 2)
    plain = Shown.from_spec(spec)
    assert (plain.has_few_snapshots, plain.time_unit, plain.in_time_unit(7)) == (
        *(False, "iteration"),
        7,
    )


def test_a_row_without_a_value_is_left_out_and_one_with_some_is_not(axes):
    values = pd.DataFrame(np.arange(28.0).reshape(4, 7), index=[0, 10, 20, 30])
    values.iloc[1] = np.nan
    values.iloc[2, 3] = np.nan
    panel.draw_band(axes, values, "black", "-")
    (line,) = axes.lines
    assert line.get_xdata().tolist() == [0, 20, 30]
    assert line.get_ydata().tolist() == [3, 17, 24]
    low, _, high, enough = panel.ranges(values.iloc[[0, 2]])
    assert enough.tolist() == [True, True]
    np.testing.assert_allclose(low, [0.6, 14.5])
    np.testing.assert_allclose(high, [5.4, 19.5])


@pytest.mark.parametrize(
    ("metric", "values", "limits"),
    [
        ("l0", [3.0, np.nan, 5.0], (2.9, 5.1)),
        # One value alone is in the middle.
        ("l0", [3.0, 3.0], (2.5, 3.5)),
        ("train_loss", [2.0, 0.0, 8.0, np.inf], (1.0, 16.0)),
        # Nothing but zeros has no place on a logarithmic scale.
        ("train_loss", [0.0], (0.0, 1.0)),
    ],
)
def test_limits_of_a_panel(axes, metric, values, limits):
    panel.set_value_axis(axes, metric, np.array(values))
    assert axes.get_ylim() == pytest.approx(limits)


@pytest.mark.parametrize(
    ("count", "columns", "shape"), [(1, 3, (1, 1)), (4, 2, (2, 2)), (5, 2, (3, 2)), (6, 4, (2, 4))]
)
def test_pages_have_room_for_panels_and_for_two_at_least(count, columns, shape):
    names = ["train_loss", "test_loss", "l0", "dead", "sharpness", "test_error"][:count]
    figure = Spec(kind="training_curves", experiment="a", panels=names, columns=columns)
    drawn = []
    page = grid.draw_metrics(figure, "A title", lambda axes, metric: drawn.append((axes, metric)))
    assert [metric for _, metric in drawn] == names
    assert [axes.axison for axes in page.axes] == [True] * count + [False] * (
        shape[0] * shape[1] - count
    )
    assert [axes.texts[0].get_text() for axes, _ in drawn] == [f"({x})" for x in "abcdef"[:count]]
    width, height = page.get_size_inches()
    assert width == pytest.approx(3.3 * max(shape[1], 2))
    assert height == pytest.approx(2.4 * shape[0] + 1.6)
    assert page.get_suptitle() == "A title"
    plt.close(page)


@pytest.mark.parametrize("shared", [True, False])
def test_panels_share_both_axes_or_none(shared):
    page, (first, second, _) = grid.open_page("", 3, 2, (1, 1), below=0, shared=shared)
    first.set(xlim=(3, 4), ylim=(5, 6))
    assert ((second.get_xlim(), second.get_ylim()) == ((3, 4), (5, 6))) == shared
    assert (second.get_xlim() == (3, 4)) == (second.get_ylim() == (5, 6)) == shared
    plt.close(page)


def test_two_legends_make_a_narrow_figure_wider():
    handles = legend.run_handles({"a": np.array([-1])}, shown("a"))
    for handle in handles:
        handle.set_label("x" * 60)
    page = plt.figure(figsize=(2, 2), layout="constrained")
    legend.add_legend(page, handles, handles)
    widths = [of.get_window_extent().width for of in page.legends]
    assert page.get_figwidth() == pytest.approx(sum(widths) / page.dpi + 0.3)
    assert [of.get_title().get_text() for of in page.legends] == ["run", " "]
    plt.close(page)
