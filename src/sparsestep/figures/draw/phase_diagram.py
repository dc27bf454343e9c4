"""Maps over two keys of a sweep: parts of the figure `phase_diagram`."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import LogLocator

from sparsestep import metrics
from sparsestep.figures.parts import legend, panel, scaled, style
from sparsestep.figures.parts.grid import open_page
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs import over_keys
from sparsestep.figures.specs.over_keys import are_numbers, name_of
from sparsestep.figures.specs.phase_diagram import STEPS_AND_DURATIONS, Spec

_PANEL_INCHES = (4.3, 3.1)
_NO_SURVIVOR = "#d9d9d9"
# Share of replicates from which on a point counts as one where training diverges.
_MANY = 0.5
_HATCH = {"fill": False, "hatch": "////", "edgecolor": "white", "linewidth": 0}
_BORDER = {"color": "black", "linewidth": 1.6}
_EDGE = {"color": "#D55E00", "linewidth": 1.2}
# What stands on the axes of a sweep over step size and duration.
_LABELS = {
    "step_size": r"step size $\eta$ before the decay",
    "decay_at": "duration of the large steps / T",
}
_OUTLINE = [Stroke(linewidth=2.6, foreground="white"), Normal()]


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """The survivors' median as colour, where replicates diverge, and the edges, if there are."""
    key = f"sweeps.{figure.sweep}"
    is_over_keys = key in sources.tables
    table = _selected(sources.tables[key] if is_over_keys else sources.sweeps[figure.sweep], figure)
    keys = (figure.x or STEPS_AND_DURATIONS[0], figure.y or STEPS_AND_DURATIONS[1])
    edges = sources.edges.get(figure.sweep, {})
    title = style.as_text(figure.title or figure.sweep)
    title += f", {table['replicate'].nunique()} replicates"
    page, panels = open_page(title, len(figure.panels), figure.columns, _PANEL_INCHES, below=1.2)
    panel.add_letters(panels)
    for axes, metric in zip(panels, figure.panels, strict=True):
        draw(axes, table, metric, edges, keys)
        if figure.axes:
            labels = (style.as_text(figure.axes.get(key, key), 48) for key in keys)
            axes.set(**dict(zip(("xlabel", "ylabel"), labels, strict=True)))
    blocks = (colour_handles(), *([edge_handles()] if edges else []))
    titles = ("points" if is_over_keys else "step sizes and durations", "constant large steps")
    legend.add_legend(page, *blocks, titles=titles[: len(blocks)])
    return page


def draw(
    axes: Axes,
    table: pd.DataFrame,
    metric: str,
    edges: dict[float, np.ndarray],
    keys: tuple[str, str] = tuple(STEPS_AND_DURATIONS),
) -> None:
    """The survivors' median of a metric (`diverged`: a share) over two keys of a sweep.

    Points at which half of the replicates or more diverge are hatched and bordered. `edges` are
    the replicates' edges, (R,), by duration: median and, of six or more, 10 to 90 % range. Texts
    stand beside each other in the sweep's order.
    """
    table = table.assign(diverged=table["diverged_at"] >= 0)
    places = [_places(table[key]) for key in keys]
    table = table.assign(**{f"at {which}": of for which, (of, _) in zip("xy", places, strict=True)})
    shares = _by_point(table, "diverged", "mean")
    sides = [_set_axis(axes, *of) for of in zip("xy", places, strict=True)]
    if metric == "diverged":
        shown, look = shares, {"cmap": "Greys", "norm": Normalize(0, 1)}
    else:
        shown = _by_point(table, metric, "median")
        look = {"cmap": "viridis", "norm": _norm(metric, shown)}
        axes.set_facecolor(_NO_SURVIVOR)
        _hatch(axes, *sides, shares >= _MANY)
    mesh = axes.pcolormesh(*sides, np.ma.masked_invalid(shown), rasterized=True, **look)
    axes.figure.colorbar(mesh, ax=axes, label=metrics.describe(metric).label)
    axes.add_collection(LineCollection(_border(*sides, shares >= _MANY), **_BORDER))
    _draw_edges(axes, edges, is_upright=keys[1] == STEPS_AND_DURATIONS[1])
    axes.grid(False)
    labels = [_LABELS.get(key, key) for key in keys]
    axes.set(xlabel=labels[0], ylabel=labels[1])
    axes.set(xlim=(sides[0][0], sides[0][-1]), ylim=(sides[1][0], sides[1][-1]))


def colour_handles() -> list:
    """Legend entries of the maps."""
    dark = {**_HATCH, "edgecolor": style.GREY}
    return [
        Patch(**dark, label="at least half of the replicates diverge"),
        Line2D([], [], **_BORDER, label="where that begins"),
        Patch(color=_NO_SURVIVOR, label="all diverge"),
    ]


def edge_handles() -> list:
    """Legend entries of the edges."""
    line = {**_EDGE, "path_effects": _OUTLINE}
    return [
        Line2D([], [], marker="o", markersize=3.5, **line, label="edge, median of the replicates"),
        Line2D([], [], **line, label="10 to 90 % of six or more replicates' edges"),
    ]


def cell_sides(values: np.ndarray) -> tuple[np.ndarray, bool]:
    """Sides of cells around growing values, one more than these, and whether the scale is log.

    Sides lie halfway between values: on the scale on which these are spaced more evenly.
    """
    if len(values) == 1:
        if values[0] > 0:
            return values[0] * np.array([0.95, 1.05]), False
        return values[0] + np.array([-0.5, 0.5]), False
    gaps, is_log = np.diff(values), False
    if values[0] > 0:
        ratios = np.diff(np.log(values))
        is_log = bool(np.ptp(ratios) / ratios.mean() < np.ptp(gaps) / gaps.mean() - 1e-9)
    scaled = np.log(values) if is_log else values
    middle = (scaled[1:] + scaled[:-1]) / 2
    sides = np.concatenate([[2 * scaled[0] - middle[0]], middle, [2 * scaled[-1] - middle[-1]]])
    return (np.exp(sides) if is_log else sides), is_log


def _selected(table: pd.DataFrame, figure: Spec) -> pd.DataFrame:
    for key, wanted in figure.at.items():
        table = table[[bool(over_keys.chosen([value], wanted)) for value in table[key]]]
    return table


def _places(values: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Where each value stands on its axis, and, where they are no numbers, what stands there."""
    found = values.unique().tolist()
    if are_numbers(found):
        return values.to_numpy(dtype=float), []
    return values.map(found.index).to_numpy(dtype=float), list(map(name_of, found))


def _set_axis(axes: Axes, which: str, places: tuple[np.ndarray, list[str]]) -> np.ndarray:
    values, texts = np.unique(places[0]), places[1]
    if texts and which == "x":
        scaled.set_texts(axes, texts)
    elif texts:
        axes.set_yticks(values, [style.as_text(text, 24) for text in texts])
    if texts:
        return np.arange(len(texts) + 1) - 0.5
    sides, is_log = cell_sides(values)
    if is_log:
        getattr(axes, f"set_{which}scale")("log")
        axis = getattr(axes, f"{which}axis")
        axis.set_major_formatter("{x:g}")
        # Decades alone may be a single tick.
        axis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
        axis.set_minor_formatter("")
    return sides


def _by_point(table: pd.DataFrame, column: str, how: str) -> np.ndarray:
    """Of each point, over its replicates: a row for each place on the vertical axis, upwards."""
    of_points = table.groupby(["at y", "at x"])[column].agg(how)
    return of_points.unstack().to_numpy(dtype=float)


def _norm(metric: str, shown: np.ndarray) -> Normalize:
    shown = shown[np.isfinite(shown)]
    if metrics.describe(metric).scale == "log" and (shown > 0).any():
        return LogNorm(shown[shown > 0].min(), shown.max())
    return Normalize(*((shown.min(), shown.max()) if len(shown) else (0, 1)))


def _hatch(axes: Axes, x: np.ndarray, y: np.ndarray, many: np.ndarray) -> None:
    for row, column in np.argwhere(many):
        corner = x[column], y[row]
        width, height = x[column + 1] - x[column], y[row + 1] - y[row]
        axes.add_patch(Rectangle(corner, width, height, **_HATCH, zorder=2))


def _border(x: np.ndarray, y: np.ndarray, many: np.ndarray) -> list:
    """Sides between a cell that is one of `many` and one that is not."""
    upright = np.argwhere(many[:, 1:] != many[:, :-1])
    level = np.argwhere(many[1:] != many[:-1])
    return [
        *([(x[c + 1], y[r]), (x[c + 1], y[r + 1])] for r, c in upright),
        *([(x[c], y[r + 1]), (x[c + 1], y[r + 1])] for r, c in level),
    ]


def _draw_edges(axes: Axes, edges: dict[float, np.ndarray], is_upright: bool) -> None:
    """Edges by duration, which stands on the vertical axis where the map `is_upright`."""
    found = {at: of[np.isfinite(of)] for at, of in sorted(edges.items())}
    found = {at: of for at, of in found.items() if len(of)}
    if not found:
        return
    durations = np.array(list(found))
    low, middle, high, enough = panel.ranges(pd.DataFrame(list(map(pd.Series, found.values()))))
    style_of_line = {**_EDGE, "path_effects": _OUTLINE, "zorder": 4}
    bars = axes.hlines if is_upright else axes.vlines
    bars(durations[enough], low[enough], high[enough], **style_of_line)
    line = (middle, durations) if is_upright else (durations, middle)
    axes.plot(*line, marker="o", markersize=3.5, **style_of_line)
