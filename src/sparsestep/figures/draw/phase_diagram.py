"""Maps over step size and duration: parts of the figure `phase_diagram`."""

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
from sparsestep.figures.parts import legend, panel, style
from sparsestep.figures.parts.grid import open_page
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.phase_diagram import Spec

_PANEL_INCHES = (4.3, 3.1)
_NO_SURVIVOR = "#d9d9d9"
# Share of replicates from which on a point counts as one where training diverges.
_MANY = 0.5
_HATCH = {"fill": False, "hatch": "////", "edgecolor": "white", "linewidth": 0}
_BORDER = {"color": "black", "linewidth": 1.6}
_EDGE = {"color": "#D55E00", "linewidth": 1.2}
_OUTLINE = [Stroke(linewidth=2.6, foreground="white"), Normal()]


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """The survivors' median as colour, where replicates diverge, and the edges, if there are."""
    table = sources.sweeps[figure.sweep]
    edges = sources.edges.get(figure.sweep, {})
    title = style.as_text(figure.title or figure.sweep)
    title += f", {table['replicate'].nunique()} replicates"
    page, panels = open_page(title, len(figure.panels), figure.columns, _PANEL_INCHES, below=1.2)
    panel.add_letters(panels)
    for axes, metric in zip(panels, figure.panels, strict=True):
        draw(axes, table, metric, edges)
    blocks = (colour_handles(), *([edge_handles()] if edges else []))
    titles = ("step sizes and durations", "constant large steps")[: len(blocks)]
    legend.add_legend(page, *blocks, titles=titles)
    return page


def draw(axes: Axes, table: pd.DataFrame, metric: str, edges: dict[float, np.ndarray]) -> None:
    """The survivors' median of a metric (`diverged`: a share) over step size and duration.

    Points at which half of the replicates or more diverge are hatched and bordered. `edges` are
    the replicates' edges, (R,), by duration: median and, of six or more, 10 to 90 % range.
    """
    x, y = (np.unique(table[key]) for key in ("step_size", "decay_at"))
    shares = _by_point(table.assign(diverged=table["diverged_at"] >= 0), "diverged", "mean")
    sides = _set_axis(axes, "x", x), _set_axis(axes, "y", y)
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
    _draw_edges(axes, edges)
    axes.grid(False)
    axes.set(xlabel=r"step size $\eta$ before the decay", ylabel="duration of the large steps / T")
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
        return values[0] * np.array([0.95, 1.05]), False
    gaps, ratios = np.diff(values), np.diff(np.log(values))
    is_log = bool(np.ptp(ratios) / ratios.mean() < np.ptp(gaps) / gaps.mean() - 1e-9)
    scaled = np.log(values) if is_log else values
    middle = (scaled[1:] + scaled[:-1]) / 2
    sides = np.concatenate([[2 * scaled[0] - middle[0]], middle, [2 * scaled[-1] - middle[-1]]])
    return (np.exp(sides) if is_log else sides), is_log


def _set_axis(axes: Axes, which: str, values: np.ndarray) -> np.ndarray:
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
    """Of each point, over its replicates: a row for each duration, a column for each step size."""
    of_points = table.groupby(["decay_at", "step_size"])[column].agg(how)
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


def _draw_edges(axes: Axes, edges: dict[float, np.ndarray]) -> None:
    found = {at: of[np.isfinite(of)] for at, of in sorted(edges.items())}
    found = {at: of for at, of in found.items() if len(of)}
    if not found:
        return
    durations = np.array(list(found))
    low, middle, high, enough = panel.ranges(pd.DataFrame(list(map(pd.Series, found.values()))))
    style_of_line = {**_EDGE, "path_effects": _OUTLINE, "zorder": 4}
    axes.hlines(durations[enough], low[enough], high[enough], **style_of_line)
    axes.plot(middle, durations, marker="o", markersize=3.5, **style_of_line)
