"""Drawings over a key, of tables made by hand and without a config: what stands where."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figure_tables import assert_drawn, drawn, legend_texts

from sparsestep.figures.draw import dependence
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.dependence import Spec
from sparsestep.measures.power_law import PowerLaw
from sparsestep.measures.shares import exact_interval

WIDTHS = [10, 20, 40]
MINUS = "\N{MINUS SIGN}"


def table(value, replicates=8, lost=lambda at, r: False, **over):
    """A sweep's table: `value(at, replicate)` at every point of `over`, by default of widths."""
    over = over or {"width": WIDTHS}
    rows = [
        ["", *at, r, 39, 0 if lost(at, r) else -1, np.nan if lost(at, r) else value(at, r)]
        for at in pd.MultiIndex.from_product(over.values())
        for r in range(replicates)
    ]
    names = ["run", *over, "replicate", "iteration", "diverged_at", "l0"]
    found = pd.DataFrame(rows, columns=names)
    return found.assign(dead=found["l0"].where(found["l0"].isna(), 0.0))


@pytest.fixture
def plot():
    def plot(tables, panels=("l0",), x="width", **options):
        told = {"sweep": list(tables), "x": x, "panels": list(panels), **options}
        beside = told.pop("others", {})
        sources = Sources(tables={f"sweeps.{name}": of for name, of in tables.items()} | beside)
        return dependence.plot(sources, Spec(kind="dependence", **told), {})

    yield plot
    plt.close("all")


def panels_of(page):
    return [axes for axes in page.axes if axes.get_xlabel()]


def skewed(at, r):
    return at[0] + 2.0**r


def test_titles_axes_and_legends_say_what_is_shown(plot):
    tables = {"one": table(skewed), "two": table(skewed, replicates=5, width=[10, 80])}
    labels = {"two": "the other"}
    page = plot(tables, axes={"width": "a width"}, labels=labels)
    assert page.get_suptitle() == "one, two, 8 replicates\n "
    (axes,) = panels_of(page)
    assert axes.get_xlabel() == "a width"
    first, _ = page.legends
    assert first.get_title().get_text() == "sweep"
    assert legend_texts(page)[:2] == ["one (0 of 24 diverged)", "the other (0 of 10 diverged)"]
    # Each sweep's entry looks as its line does.
    for handle, at in zip(first.legend_handles, (WIDTHS, [10, 80]), strict=True):
        assert any(
            list(line.get_xdata()) == at
            and (line.get_color(), line.get_marker(), line.get_linestyle())
            == (handle.get_color(), handle.get_marker(), handle.get_linestyle())
            for line in axes.lines
            if line.get_linewidth() == 1.4
        )
    assert "exact 95 % interval of a share" not in legend_texts(page)
    page = plot(tables, ["diverged"], title="A title")
    assert page.get_suptitle() == "A title, 8 replicates\n "
    assert panels_of(page)[0].get_xlabel() == "width"
    assert "exact 95 % interval of a share" in legend_texts(page)


def test_colours_are_values_of_a_key_under_its_name(plot):
    over = {"width": WIDTHS, "kind": ["a", "b"]}
    page = plot({"one": table(skewed, **over)}, colour="kind", axes={"kind": "which kind"})
    assert page.legends[0].get_title().get_text() == "which kind"
    handles = page.legends[0].legend_handles
    # Of one sweep neither dashes nor markers tell anything.
    assert {handle.get_marker() for handle in handles} == {"None"}
    assert len({handle.get_color() for handle in handles}) == 2


def test_shares_are_of_those_with_a_value_and_crosses_of_half(plot):
    def lost(at, r):
        return (at[0] == 20 and r < 4) or (at[0] == 10 and r < 3)

    found = table(skewed, lost=lost)
    found.loc[(found["width"] == 20) & (found["replicate"] == 7), "dead"] = 1.0
    deaths, fates, values = panels_of(plot({"one": found}, ["dead", "diverged", "l0"], columns=3))
    assert_drawn(deaths, WIDTHS, [0, 1 / 4, 0])
    assert_drawn(fates, WIDTHS, [3 / 8, 1 / 2, 0])
    assert_drawn(deaths, [20, 20], exact_interval(1, 4))
    assert_drawn(fates, [10, 10], exact_interval(3, 8))
    for axes in (deaths, fates, values):
        (cross,) = (line for line in axes.lines if line.get_marker() == "x")
        assert list(cross.get_xdata()) == [20]
    low, high = fates.get_ylim()
    top = exact_interval(4, 8)[1]
    assert (low, high) == pytest.approx((-0.04 * top, 1.05 * top))
    assert deaths.get_ylabel() != fates.get_ylabel()


def test_few_shares_look_like_few(plot):
    many = table(skewed, replicates=64, width=[10])
    (axes,) = panels_of(plot({"one": many}, ["diverged"]))
    # The interval of none of 64 ends at 0.056.
    assert axes.get_ylim() == pytest.approx((-0.008, 0.21))


def test_shares_over_texts_are_not_joined(plot):
    of = table(lambda at, r: 1.0, kind=["a", "b"])
    (axes,) = panels_of(plot({"one": of}, ["diverged"], x="kind"))
    (line,) = (line for line in axes.lines if list(line.get_xdata()) == [0, 1])
    assert line.get_linestyle() == "None"


def beside_of(*values, run="mine", fates=None):
    rows = [
        (name, r, 9, fate, value * of)
        for name, of in ((run, 1.0), ("other", 50.0))
        for r, (value, fate) in enumerate(zip(values, fates or [-1] * len(values), strict=True))
    ]
    names = ["run", "replicate", "iteration", "diverged_at", "l0"]
    return pd.DataFrame(rows, columns=names)


def test_a_run_beside_has_its_median_and_its_share_in_sight(plot):
    beside = [
        {"experiment": "exp", "run": "mine"},
        {"experiment": "exp", "run": "mine", "x": 80},
    ]
    tables = {"exp": beside_of(1.0, 2.0, 600.0, 9.0, fates=[-1, -1, -1, 0])}
    page = plot({"one": table(skewed)}, ["l0", "diverged"], beside=beside, others=tables)
    values, shares = panels_of(page)
    # Of the three that survive; one of four has diverged.
    assert_drawn(values, [0, 1], [2, 2])
    assert_drawn(values, [80], [2])
    assert_drawn(shares, [0, 1], [0.25, 0.25])
    assert_drawn(shares, [80], [0.25])
    for axes in (values, shares):
        assert axes.get_xlim()[1] > 80
    # The range of three are their ends, and these must be in sight.
    assert values.get_ylim()[0] < 1
    assert values.get_ylim()[1] > 600
    assert legend_texts(page)[1:3] == ["exp, mine", "exp, mine"]


def test_a_line_beside_alone_is_in_sight(plot):
    tables = {"exp": beside_of(900.0, 900.0)}
    beside = [{"experiment": "exp", "run": "mine"}]
    (axes,) = panels_of(plot({"one": table(skewed)}, beside=beside, others=tables))
    assert axes.get_ylim()[1] > 900
    (axes,) = panels_of(plot({"one": table(skewed)}, [{"metric": "l0", "lines": [{"y": 800}]}]))
    assert axes.get_ylim()[1] > 800


def test_laws_are_drawn_where_somebody_survives_and_named_where_there_are_several(plot):
    law = {"metric": "l0", "fit": "power_law"}
    falling = table(lambda at, r: 100.0 / at[0], lost=lambda at, r: at[0] == 40)
    page = plot({"one": falling}, [law])
    (axes,) = panels_of(page)
    told = [text.get_text() for text in axes.get_legend().get_texts()]
    assert told == [f"exponent {MINUS}1.00 ({MINUS}1.00 to {MINUS}1.00), n = 8"]
    (line,) = (line for line in axes.lines if len(line.get_xdata()) > 100)
    assert (line.get_xdata().min(), line.get_xdata().max()) == (10, 20)
    page = plot({"one": falling, "two": table(skewed)}, [law], labels={"one": "first"})
    told = [text.get_text() for text in panels_of(page)[0].get_legend().get_texts()]
    assert [text.partition(":")[0] for text in told] == ["first", "two"]
    # Each of its lines takes room below the panel.
    plain = plot({"one": falling, "two": table(skewed)})
    assert page.get_size_inches()[1] - plain.get_size_inches()[1] == pytest.approx(2 * 0.17)
    # Panels beside each other are as high as the one with most lines.
    two, one = (
        plot({"one": falling}, [{"metric": "l0"}, panel]) for panel in (law, {"metric": "l0"})
    )
    assert two.get_size_inches()[1] - one.get_size_inches()[1] == pytest.approx(0.17)


def test_arrows_have_the_colour_of_their_series(plot):
    over = {"width": WIDTHS, "kind": ["a", "b"]}
    far = table(lambda at, r: 1e6 if (at[1], r) == ("b", 7) else r, **over)
    page = plot({"one": far}, colour="kind")
    (axes,) = panels_of(page)
    arrows = [line for line in axes.lines if line.get_marker() == r"$\uparrow$"]
    told = [(list(line.get_xdata()), line.get_color()) for line in arrows if len(line.get_xdata())]
    assert told == [(WIDTHS, page.legends[0].legend_handles[1].get_color())]


def test_series_at_the_same_place_stand_apart(plot):
    over = {"kind": ["a", "b"], "size": [1.0, 2.0, 3.0]}
    page = plot({"one": table(lambda at, r: 1.0, **over)}, x="kind", colour="size")
    (axes,) = panels_of(page)
    medians = [line for line in axes.lines if line.get_markersize() == 4.5]
    moved = [
        (line.get_transform().transform([0, 1]) - axes.transData.transform([0, 1]))[0]
        for line in medians
    ]
    points = np.array(moved) / page.dpi * 72
    np.testing.assert_allclose(points, [-10, 0, 10])
    many = {"kind": list("abcdefgh"), "size": [1.0, 2.0, 3.0]}
    drawing = dependence._Drawing(
        Sources(tables={"sweeps.one": table(lambda at, r: 1.0, **many)}),
        Spec(kind="dependence", sweep="one", x="kind", colour="size", panels=["l0"]),
    )
    # Half of a seventh of 150 points is all that the three have.
    shifts = [drawing._shift(place, 10) for place in range(3)]
    np.testing.assert_allclose(shifts, np.array([-1, 0, 1]) * 150 / 14 / 2)


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        (
            PowerLaw(1.0, -0.456, -0.5, 0.25, 2),
            f"exponent {MINUS}0.46 ({MINUS}0.50 to 0.25), n = 2",
        ),
        (PowerLaw(1.0, 2.0, np.nan, np.nan, 1), "exponent 2.00, n = 1"),
        (PowerLaw(*[np.nan] * 4, 1), "no power law: no two values have a survivor"),
    ],
)
def test_what_a_legend_says_of_a_law(law, expected):
    assert dependence.exponent_text(law) == expected


def test_a_formula_has_no_line_where_it_has_no_value(plot):
    wanted = {"metric": "l0", "lines": [{"y": "log(x - 20)", "label": "beyond"}]}
    (axes,) = panels_of(plot({"one": table(skewed)}, [wanted]))
    (line,) = (line for line in axes.lines if len(line.get_xdata()) > 100)
    x, y = np.array(line.get_xdata()), np.array(line.get_ydata())
    assert np.isnan(y[x <= 20]).all()
    np.testing.assert_allclose(y[x > 20], np.log(x[x > 20] - 20))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["beyond"]
    assert drawn(axes)
