"""Panels over a key of sweeps."""

import contextlib

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from sparsestep import metrics
from sparsestep.artifacts.tables import last_snapshots
from sparsestep.figures.parts import legend, panel, replicates, scaled, style
from sparsestep.figures.parts.grid import open_page
from sparsestep.figures.parts.series import Series, series_of
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.dependence import SHARES, Beside, Line, Panel, Spec
from sparsestep.measures import power_law, shares

_PANEL_INCHES = (3.3, 2.5)
# Of an entry of a panel's own legend.
_ENTRY_INCHES = 0.17
# Of a panel's axis, about; and how far below it the panel's own legend begins, in inches.
_WIDTH_POINTS = 150
_BELOW, _BELOW_TURNED = 0.48, 1.15
# Share of the replicates from which on a cross says that they diverge.
_MANY = 0.5
_CROSS = {"marker": "x", "markersize": 4, "linestyle": "", "clip_on": False}
# What is beside the sweeps, and lines to compare with: no colour, which are the series'.
_BESIDE = (("P", (0, (6, 2))), ("X", (0, (6, 1, 1, 1))), ("*", (0, (2, 1))), ("p", (0, (1, 2))))
_LINES = ("--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))
_POINTS = 200


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """Survivors' median and 10-90 % band over a key, replicates as points."""
    drawing = _Drawing(sources, figure)
    entries = max(drawing.entries(wanted) for wanted in figure.panels)
    width, height = _PANEL_INCHES
    inches = (width, height + _ENTRY_INCHES * entries)
    below = 0.9 + _ENTRY_INCHES * max(6, drawing.colour_entries())
    page, panels = open_page(
        drawing.title(), len(figure.panels), figure.columns, inches, below=below
    )
    panel.add_letters(panels)
    for axes, wanted in zip(panels, figure.panels, strict=True):
        drawing.draw(axes, wanted)
    blocks, titles = drawing.legends()
    legend.add_legend(page, *blocks, titles=titles)
    return page


class _Drawing:
    """A figure with its series, and the runs beside them."""

    def __init__(self, sources: Sources, figure: Spec):
        self._figure = figure
        self._shown = series_of(sources, figure)
        self._beside = [_end_values(sources, beside) for beside in figure.beside]
        tables = [of.table for of in self._shown.series]
        self._places = np.unique(np.concatenate([table["at"] for table in tables]))
        self._replicates = max(table["replicate"].nunique() for table in tables)
        self._room = scaled.room(self._places, figure.x_scale) * _WIDTH_POINTS

    def title(self) -> str:
        """Heading of the page."""
        name = self._figure.title or ", ".join(self._figure.sweep)
        # The line below keeps the panels' letters away from long headings.
        return f"{style.as_text(name)}, {self._replicates} replicates\n "

    def entries(self, wanted: Panel) -> int:
        """How many entries a panel's own legend has."""
        return len(wanted.lines) + (len(self._shown.series) if wanted.fit else 0)

    def colour_entries(self) -> int:
        """How many entries the legend of the looks has."""
        shown = self._shown
        return len(shown.colours) + len(self._beside) + len(shown.sweeps)

    def draw(self, axes: Axes, wanted: Panel) -> None:
        """A panel: its series, what they are compared with, and its own legend."""
        figure, shown = self._figure, self._shown
        is_share = wanted.metric in SHARES
        needed = (self._draw_shares if is_share else self._draw_values)(axes, wanted.metric)
        handles = self._draw_lines(axes, wanted, needed)
        handles += self._draw_fits(axes, wanted) if wanted.fit else []
        for place, (beside, last) in enumerate(self._beside):
            needed += _draw_beside(axes, beside, last, wanted.metric, place)
        self._mark_divergences(axes)
        label = style.as_text(figure.axes.get(figure.x, figure.x), 48)
        beyond = [beside.x for beside in figure.beside if beside.x is not None]
        scaled.set_key_axis(axes, label, self._places, shown.texts, figure.x_scale, beyond)
        if is_share:
            _set_share_axis(axes, wanted.metric, needed)
        else:
            every = [of.values(wanted.metric) for of in shown.series]
            single = [values.to_numpy() for values in every]
            limits = scaled.set_value_axis(axes, wanted.metric, wanted.scale, needed, single)
            for of, values in zip(shown.series, every, strict=True):
                scaled.draw_arrows(axes, values, limits, of.colour)
        axes.yaxis.label.set_size("small")
        if handles:
            below = -(_BELOW_TURNED if scaled.are_turned(shown.texts) else _BELOW)
            shift = ScaledTranslation(0, below, axes.figure.dpi_scale_trans)
            where = {"bbox_to_anchor": (-0.05, 0), "bbox_transform": axes.transAxes + shift}
            look = {"fontsize": "x-small", "borderaxespad": 0}
            axes.legend(handles=handles, loc="upper left", **where, **look)

    def _draw_values(self, axes: Axes, metric: str) -> list[np.ndarray]:
        """What `draw` draws of a metric; values that must be in sight."""
        needed = []
        for place, of in enumerate(self._shown.series):
            values = of.values(metric)
            if self._shown.texts:
                look = (of.colour, of.marker, self._shift(place, 10))
                replicates.draw_points(axes, values, *look)
                needed += replicates.draw_bars(axes, values, *look)
            else:
                replicates.draw_points(axes, values, of.colour, of.marker)
                needed += panel.draw_band(axes, values, of.colour, of.dashes, of.marker)
        return needed

    def _draw_shares(self, axes: Axes, metric: str) -> list[np.ndarray]:
        """The same of what is true or false of a replicate."""
        needed = []
        for place, of in enumerate(self._shown.series):
            found = _shares(of.diverged() if metric == "diverged" else of.values(metric))
            look = {"color": of.colour, "marker": of.marker}
            line = "" if self._shown.texts else of.dashes
            replicates.draw_shares(axes, found, self._shift(place, 4), line, **look)
            needed.append(found.to_numpy())
        return needed

    def _draw_lines(self, axes: Axes, wanted: Panel, needed: list[np.ndarray]) -> list[Line2D]:
        """Lines to compare with; adds to `needed` where they are, returns legend entries."""
        handles, texts = [], self._shown.texts
        for line, dashes in zip(wanted.lines, _LINES, strict=False):
            places = np.array([-0.5, len(texts) - 0.5]) if texts else self._between()
            heights = _heights(self._figure, line, np.ones(2) if texts else places)
            look = {"color": style.GREY, "linestyle": dashes, "linewidth": 1.1}
            axes.plot(places, heights, zorder=1.8, **look)
            label = style.as_text(line.label or line.y, 48)
            handles.append(Line2D([], [], label=label, **look))
            needed.append(heights)
        return handles

    def _draw_fits(self, axes: Axes, wanted: Panel) -> list[Line2D]:
        """Power laws through the replicates of each series; returns legend entries."""
        handles = []
        for of in self._shown.series:
            values = of.values(wanted.metric)
            found = power_law.fit(values)
            look = {"color": of.colour, "linestyle": (0, (1, 1)), "linewidth": 1.6}
            if np.isfinite(found.exponent):
                places = self._between(values.index[values.notna().any(axis=1)])
                axes.plot(places, found.factor * places**found.exponent, zorder=2.5, **look)
            name = f"{style.as_text(of.name, 48)}: " if len(self._shown.series) > 1 else ""
            handles.append(Line2D([], [], label=name + exponent_text(found), **look))
        return handles

    def _between(self, places: np.ndarray | None = None) -> np.ndarray:
        """Places close to each other from the first to the last of these, or of all."""
        places = self._places if places is None else places
        spaced = np.geomspace if self._figure.x_scale == "log" else np.linspace
        return np.union1d(spaced(places.min(), places.max(), _POINTS), places)

    def _mark_divergences(self, axes: Axes) -> None:
        """A cross above the panel where at least half of a series' replicates diverge."""
        for place, of in enumerate(self._shown.series):
            shares_there = of.diverged().mean(axis=1)
            many = shares_there.index[shares_there >= _MANY]
            if many.empty:
                continue
            shift = ScaledTranslation(self._shift(place, 5) / 72, 0, axes.figure.dpi_scale_trans)
            where = axes.get_xaxis_transform() + shift
            axes.plot(many, np.full(len(many), 1.03), color=of.colour, transform=where, **_CROSS)

    def _shift(self, place: int, points: float) -> float:
        """Points by which a series is shifted, so that those at the same place stand apart.

        Fewer than asked for where they would get near to those of the next place.
        """
        count = len(self._shown.series)
        points = min(points, self._room / max(count - 1, 1))
        return points * (place - (count - 1) / 2)

    def legends(self) -> tuple[list[list], tuple[str, ...]]:
        """Entries of the legends below all panels, and their titles."""
        figure, shown = self._figure, self._shown
        looks = [
            _colour_handle(name, colour, of, figure.colour is None)
            for (name, colour), of in zip(shown.colours, shown.by_colour, strict=True)
        ]
        title = "sweep" if figure.colour is None else figure.axes.get(figure.colour, figure.colour)
        others = [
            Line2D([], [], color=style.GREY, linestyle=dashes, marker=marker, label=name)
            for name, dashes, marker in shown.sweeps
        ]
        for place, (beside, _) in enumerate(self._beside):
            label = beside.label or f"{beside.experiment}, {beside.run}"
            marker, dashes = _BESIDE[place]
            line = (
                {"linestyle": dashes} if beside.x is None else {"linestyle": "", "marker": marker}
            )
            others.append(Line2D([], [], color="black", label=style.as_text(label, 48), **line))
        marks = replicates.handles(self._replicates)
        cross = {key: value for key, value in _CROSS.items() if key != "clip_on"}
        label = "at least half of the replicates diverge"
        marks.append(Line2D([], [], color=style.GREY, label=label, **cross))
        if set(SHARES).intersection(wanted.metric for wanted in figure.panels):
            bar = {"marker": "|", "markersize": 9, "linestyle": ""}
            label = "exact 95 % interval of a share"
            marks.append(Line2D([], [], color=style.GREY, label=label, **bar))
        return [looks + others, marks], (style.as_text(title, 48), " ")


def exponent_text(found: power_law.PowerLaw) -> str:
    """What a legend says of a power law."""
    if not np.isfinite(found.exponent):
        return "no power law: no two values have a survivor"
    text = f"exponent {found.exponent:.2f}"
    if np.isfinite(found.low):
        text += f" ({found.low:.2f} to {found.high:.2f})"
    return f"{text}, n = {found.replicates}".replace("-", "\N{MINUS SIGN}")


def _colour_handle(name: str, colour: str, series: list[Series], is_sweep: bool) -> Line2D:
    """Legend entry of a colour, with how many of all replicates at all points diverged."""
    diverged = np.concatenate([of.table["diverged_at"].to_numpy() >= 0 for of in series])
    label = f"{style.as_text(name, 48)} ({diverged.sum()} of {len(diverged)} diverged)"
    look = {"linestyle": series[0].dashes, "marker": series[0].marker} if is_sweep else {}
    return Line2D([], [], color=colour, label=label, markersize=4, **look)


def _heights(figure: Spec, line: Line, places: np.ndarray) -> np.ndarray:
    """Of a line at these places; NaN where its formula has no value."""
    found = np.full(len(places), np.nan)
    for at, place in enumerate(places.tolist()):
        with contextlib.suppress(ValueError):
            found[at] = figure.line_values(line, [place])[0]
    return found


def _shares(values: pd.DataFrame) -> pd.DataFrame:
    """`share` of the replicates, a column each, for which it is 1, `low`, `high`, by place."""
    rows = {}
    for place, of_place in values.iterrows():
        known = of_place.dropna()
        rows[place] = (known.mean(), *shares.exact_interval(int(known.sum()), len(known)))
    return pd.DataFrame.from_dict(rows, "index", dtype=float, columns=["share", "low", "high"])


def _set_share_axis(axes: Axes, metric: str, needed: list[np.ndarray]) -> None:
    # Few of them are to look like few.
    top = max(0.2, *(np.nanmax(part, initial=0) for part in needed))
    axes.set_ylabel(metrics.describe(metric).label)
    axes.set_ylim(-0.04 * top, 1.05 * top)


def _end_values(sources: Sources, beside: Beside) -> tuple[Beside, pd.DataFrame]:
    last = last_snapshots(sources.tables[beside.experiment])
    last = last[last["run"] == beside.run]
    return beside, last.assign(diverged=(last["diverged_at"] >= 0).astype(float))


def _draw_beside(
    axes: Axes, beside: Beside, last: pd.DataFrame, metric: str, place: int
) -> list[np.ndarray]:
    """A run's median, or share, as a line across the panel, or with its range at its place."""
    if metric not in last or not last[metric].notna().any():
        return []
    marker, dashes = _BESIDE[place]
    values = last[metric].astype(float)
    if metric in SHARES or beside.x is None:
        height = values.mean() if metric in SHARES else values.median()
        look = {"linestyle": dashes} if beside.x is None else {"linestyle": "", "marker": marker}
        if beside.x is None:
            axes.axhline(height, color="black", linewidth=1.0, **look)
        else:
            axes.plot([beside.x], [height], color="black", markersize=6, **look)
        return [np.array([height])]
    values = pd.DataFrame([values.to_numpy()], index=[beside.x])
    return replicates.draw_bars(axes, values, "black", marker)
