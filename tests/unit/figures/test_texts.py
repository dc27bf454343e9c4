"""Texts of the user's in figures: all their characters are drawn, on lines that fit the page."""

import matplotlib
import pytest
from figure_tables import legend_texts, plot, tables_and_specs
from matplotlib import font_manager

from sparsestep.errors import ConfigError
from sparsestep.figures.parts import style
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs import text
from sparsestep.plan import Plan

# 186 characters.
LONG = " ".join(["large step sizes"] * 11)


def told(raw):
    with pytest.raises(ConfigError) as caught:
        Plan(raw)
    return str(caught.value)


@pytest.mark.parametrize(
    "shown", ["\u5927\u6b65\u957f", "step \U0001f680", "\u0646\u0635 \ua000", "\u200b\ufffd\u0e01"]
)
def test_characters_that_the_font_lacks(tiny, shown):
    tiny["experiments"]["first"]["title"] = shown
    tiny["experiments"]["first"]["runs"]["small"]["label"] = shown
    lines = told(tiny).splitlines()
    assert len(lines) == 2
    for line, key in zip(sorted(lines), ("runs.small.label", "title"), strict=True):
        assert line.strip().startswith(f"experiments.first.{key}: got ")
        assert "the font of figures, DejaVu Sans, lacks " in line


@pytest.mark.parametrize(
    "shown",
    [
        "Schrittweite \u03b7 \u2192 \u00bd",
        "\u0448\u0430\u0433 \u2264 2/\u03bb",
        "$\\eta$, na\u00efve",
    ],
)
def test_characters_that_it_has(tiny, shown):
    tiny["experiments"]["first"]["title"] = shown
    tiny["experiments"]["first"]["runs"]["small"]["label"] = shown
    tables, specs = tables_and_specs(tiny)
    figure = plot(Sources(tables), specs["curves"])
    # What it lacks would be a warning, which fails a test.
    figure.canvas.draw()
    assert figure.get_suptitle() == shown
    assert f"small: {shown} (0 of 3 diverged)" in legend_texts(figure)


def test_the_font_is_the_one_that_is_looked_at():
    style.apply()
    assert matplotlib.rcParams["font.family"] == ["sans-serif"]
    found = font_manager.findfont(font_manager.FontProperties())
    assert found.endswith(text._FILE)
    assert font_manager.get_font(found).family_name == text.FONT
    assert set(font_manager.get_font(found).get_charmap()) <= text._characters()


def test_long_texts_do_not_widen_the_page(tiny):
    tables, specs = tables_and_specs(tiny)
    before = plot(Sources(tables), specs["curves"]).get_figwidth()
    tiny["experiments"]["first"]["title"] = LONG
    tiny["experiments"]["first"]["runs"]["small"]["label"] = LONG
    tables, specs = tables_and_specs(tiny)
    figure = plot(Sources(tables), specs["curves"])
    assert figure.get_figwidth() <= max(before, 7.0)
    figure.canvas.draw()
    for drawn in (figure._suptitle, *figure.legends):
        box = drawn.get_window_extent().transformed(figure.transFigure.inverted())
        assert box.x0 >= 0
        assert box.x1 <= 1


def test_texts_that_no_line_would_hold(tiny):
    tiny["experiments"]["first"]["title"] = "x" * 201
    assert "experiments.first.title: got " in told(tiny)
    assert "200 characters" in told(tiny)
