"""Panels that compare the end values of runs with those of a reference run."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from sparsestep import metrics
from sparsestep.artifacts.tables import last_snapshots
from sparsestep.figures.parts import legend, panel, published, style
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.agreement import Compared, Spec

_PANEL_INCHES = (2.9, 3.2)
_MARKERS = ("o", "s", "^", "D", "v")
_MEDIAN = {"markersize": 9, "markeredgecolor": "black", "markeredgewidth": 0.8, "linestyle": ""}


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """Every replicate that survives both runs as a point; medians, published values, numbers."""
    rows = max(len(column.metrics) for column in figure.networks)
    columns = len(figure.networks)
    width, height = _PANEL_INCHES
    size = (max(columns, 2) * width, rows * height + 1.3)
    page, grid = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    # Letters row by row, but only where something is drawn.
    used = [
        axes
        for row, line in enumerate(grid)
        for column, axes in zip(figure.networks, line, strict=True)
        if row < len(column.metrics)
    ]
    for axes in set(grid.flat) - set(used):
        axes.set_axis_off()
    for place, column in enumerate(figure.networks):
        ends = Ends(sources, figure, column, experiments[column.experiment])
        for row, metric in enumerate(column.metrics):
            ends.draw(grid[row, place], metric, first=row == 0)
    panel.add_letters(used)
    first = experiments[figure.networks[0].experiment]
    runs = run_handles(figure, first)
    legend.add_legend(page, runs, handles(figure, experiments))
    return page


class Ends:
    """Last snapshots of the runs of one experiment."""

    def __init__(self, sources: Sources, figure: Spec, column: Compared, experiment: Shown):
        self._figure, self._title = figure, experiment.title
        self._experiment = experiment.only([figure.reference, *figure.runs])
        self._colours = {run: colour for run, (colour, _) in experiment.looks().items()}
        table = sources.tables[column.experiment]
        self._last = last_snapshots(table[table["run"].isin([figure.reference, *figure.runs])])

    def draw(self, axes: Axes, metric: str, first: bool) -> None:
        """One metric; the `first` one has the band and the title."""
        ends = self._last.pivot(index="replicate", columns="run", values=metric)
        reference = ends[self._figure.reference]
        stars = published.values(self._experiment, metric)
        at = stars.get(self._figure.reference, np.nan)
        low, high = _limits(np.append(reference, at), 0.4)
        axes.plot([low, high], [low, high], color=style.GREY, linewidth=1, zorder=1)
        if first:
            factors = self._figure.margin ** np.array([-1.0, 1.0])
            axes.fill_between([low, high], *np.outer(factors, [low, high]), **_band())
            # Narrow: the letter stands beside it.
            axes.set_title(style.as_text(self._title, 18), fontsize="small")
        for run, marker in zip(self._figure.runs, _MARKERS, strict=False):
            look = {"marker": marker, "color": self._colours[run]}
            points = {"markersize": 4, "alpha": 0.45, "linestyle": "", "markeredgewidth": 0}
            axes.plot(reference, ends[run], **look, **points)
            axes.plot([reference.median()], [ends[run].median()], **look, **_MEDIAN)
            if run in stars and np.isfinite(at):
                published.draw(axes, at, stars[run], self._colours[run])
        shown = np.concatenate([ends.to_numpy().ravel(), [*stars.values(), low, high]])
        axes.set(xlim=(low, high), ylim=_limits(shown, 0.06))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
        axes.set_xlabel(f"{metrics.describe(metric).label}, {self._figure.reference}")
        axes.set_ylabel(metrics.describe(metric).label)
        self._write_medians(axes, ends)

    def _write_medians(self, axes: Axes, ends: pd.DataFrame) -> None:
        """Below the panel, a line a run: median, how many replicates diverged."""
        diverged = self._last[self._last["diverged_at"] >= 0].groupby("run").size()
        reference = ends[self._figure.reference].median()
        for row, run in enumerate([self._figure.reference, *self._figure.runs]):
            median = ends[run].median()
            text = f"{run}: no survivor"
            if np.isfinite(median):
                apart = "" if row == 0 else f" ({_signed(median - reference)})"
                text = f"{run}: {'median ' if row == 0 else ''}{median:.3g}{apart}"
            if run in diverged:
                text += f", {diverged[run]} of {len(ends)} diverged"
            axes.annotate(
                text,
                (0, 0),
                xytext=(0, -38 - 10 * row),
                xycoords="axes fraction",
                textcoords="offset points",
                fontsize="x-small",
                color=self._colours[run],
            )


def run_handles(figure: Spec, experiment: Shown) -> list[Line2D]:
    """Legend entries of the runs on the vertical axis."""
    looks = experiment.looks()
    return [
        Line2D(
            [],
            [],
            color=looks[run][0],
            marker=marker,
            linestyle="",
            label=f"{run}: {experiment.label(run)}",
        )
        for run, marker in zip(figure.runs, _MARKERS, strict=False)
    ]


def handles(figure: Spec, experiments: dict[str, Shown]) -> list:
    """Legend entries of what `Ends.draw` draws."""
    runs = [figure.reference, *figure.runs]
    stars = [
        star
        for column in figure.networks
        for star in published.handles(experiments[column.experiment].only(runs), column.metrics)
    ]
    point = {"color": style.GREY, "marker": "o", "linestyle": ""}
    return [
        Line2D(
            [],
            [],
            markersize=4,
            **point,
            label=f"a replicate that survives {figure.reference} and the run",
        ),
        Line2D([], [], color=style.GREY, marker="o", **_MEDIAN, label="medians of the survivors"),
        *stars[:1],
        Line2D([], [], color=style.GREY, linewidth=1, label=f"as {figure.reference}"),
        Patch(**_band(), label=f"within a factor of {figure.margin:g} of it"),
    ]


def _band() -> dict:
    return {"color": style.GREY, "alpha": 0.15, "linewidth": 0, "zorder": 0}


def _limits(shown: np.ndarray, margin: float) -> tuple[float, float]:
    """An axis for these values, with a margin as a part of their range."""
    shown = shown[np.isfinite(shown)]
    if not len(shown):
        return 0.0, 1.0
    margin = margin * (shown.max() - shown.min()) or 0.5
    return shown.min() - margin, shown.max() + margin


def _signed(number: float) -> str:
    return f"{number:+.3g}" if number else "0"
