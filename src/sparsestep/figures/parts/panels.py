"""Parts that figures are made of: a metric over time, end values, legends."""

from collections.abc import Iterable
from string import ascii_lowercase

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from sparsestep import schedules
from sparsestep.artifacts.tables import last_snapshots
from sparsestep.figures.parts import style
from sparsestep.metrics import PERCENT

PERCENTILES = (10, 50, 90)
# Times the loss at the start; the axis of a loss ends there.
_FAR_OFF = 1e3
# Inches beside and between two legends.
_LEGEND_GAPS = 0.3
_DRAWN_STEP_SIZES = 300
# Columns of a table of measurements.
_TIMES = ("iteration", "diverged_at")


def draw_over_time(axes: Axes, table: pd.DataFrame, experiment: dict, metric: str) -> None:
    """A metric against the iteration or epoch: per run the survivors' median and 10-90 % band.

    Replicate 0 is a thin line, until it diverges; a dotted line marks each decay of a step size. A
    cross above the panel marks each iteration at which a replicate diverged, one row a run: until
    the first decay, runs of the same large step are the same. A panel of the sharpness also shows
    2 / step size, above which gradient descent on a quadratic is not stable. The vertical axis fits
    bands and surviving replicates 0, below 1000 times the loss at the start; what leaves it is cut
    off. Where the experiment has epochs, it has few snapshots: dots show where they are, and step
    sizes are those of the schedule, between snapshots too.
    """
    times = {name: style.in_time_unit(experiment, table[name]) for name in _TIMES}
    table, shown = table.assign(**times), [np.empty(0)]
    for row, name in enumerate(style.looks(experiment)):
        of_run = table[table["run"] == name]
        shown += _draw_run(axes, of_run, experiment, name, metric)
        colour, _ = style.looks(experiment)[name]
        mark_decays(axes, experiment, name, colour)
        _mark_divergences(axes, of_run, 1.02 + 0.035 * row, colour)
    shown = np.concatenate(shown)
    if metric.endswith("_loss"):
        # Some get very far on the way to infinity and return, as networks of dead units.
        first = table.groupby(["run", "replicate"])[metric].first()
        shown = shown[shown <= _FAR_OFF * first.max()]
    set_value_axis(axes, metric, shown)
    axes.set_xlabel(style.time_unit(experiment))
    axes.set_xlim(0, max(style.in_time_unit(experiment, experiment["iterations"]), 1))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))


def _draw_run(
    axes: Axes, of_run: pd.DataFrame, experiment: dict, name: str, metric: str
) -> list[np.ndarray]:
    """What `draw_over_time` draws of a run within the panel; values that must be in sight."""
    (colour, dashes), few = style.looks(experiment)[name], style.few_snapshots(experiment)
    if metric == "step_size" and few:
        eta = _step_sizes(of_run, experiment, name)
        axes.plot(eta.index, eta, color=colour, linestyle=dashes, linewidth=1.4)
        return [eta.to_numpy()]
    values = of_run.pivot(index="iteration", columns="replicate", values=metric)
    survived = of_run.groupby("replicate")["diverged_at"].first() < 0
    shown = draw_band(axes, values.loc[:, survived], colour, dashes, "." if few else None)
    if 0 in values:
        axes.plot(values.index, values[0], color=colour, linewidth=0.5, alpha=0.8, zorder=1.5)
        if survived[0]:
            shown.append(values[0].to_numpy())
    if metric == "sharpness" and (few or "step_size" in of_run):
        eta = _step_sizes(of_run, experiment, name)
        axes.plot(eta.index, 2 / eta, color=colour, **_STABLE)
    return shown


def _step_sizes(of_run: pd.DataFrame, experiment: dict, name: str) -> pd.Series:
    """The median at every snapshot; where these are few, what the schedule says, by time."""
    if not style.few_snapshots(experiment):
        return of_run.groupby("iteration")["step_size"].median()
    schedule = schedules.from_spec(experiment["runs"][name]["schedule"])
    eta = schedule.step_sizes(experiment["iterations"])
    decays = np.array(schedule.decays(len(eta)), dtype=int)
    grid = np.linspace(0, len(eta) - 1, _DRAWN_STEP_SIZES).round().astype(int)
    at = np.unique(np.concatenate([grid, decays - 1, decays]))
    at = at[at < len(eta)]
    return pd.Series(eta[at], index=style.in_time_unit(experiment, at))


def draw_end_values(axes: Axes, table: pd.DataFrame, experiment: dict, metric: str) -> None:
    """The last snapshot's value of every surviving replicate, one column a run.

    A bar marks the survivors' median, an open diamond replicate 0.
    """
    last = last_snapshots(table)
    for place, (name, (colour, _)) in enumerate(style.looks(experiment).items()):
        values = last.loc[last["run"] == name].set_index("replicate")[metric]
        # Spread by replicate number, not at random: the same replicate stands at the same place in
        # every column.
        offsets = 0.5 * (np.arange(len(values)) / max(len(values) - 1, 1) - 0.5)
        axes.plot(place + offsets, values, "o", color=colour, markersize=3, alpha=0.7)
        if 0 in values.index:
            axes.plot(place + offsets[:1], values[[0]], "D", **_DIAMOND)
        if values.notna().any():
            median = values.median()
            axes.plot([place - 0.35, place + 0.35], [median, median], color=colour, linewidth=2)
    set_value_axis(axes, metric, last[metric].to_numpy())
    axes.set_xlim(-0.6, len(experiment["order"]) - 0.4)
    axes.set_xticks(range(len(experiment["order"])), experiment["order"])


def add_letters(grid: Iterable[Axes]) -> None:
    """(a), (b), ... beside the upper left corner of every panel."""
    for letter, axes in zip(ascii_lowercase, grid, strict=False):
        # A title leaves room for the letter, and for crosses above the panel.
        axes.set_title(axes.get_title() or " ", pad=10)
        axes.annotate(f"({letter})", (-0.2, 1.1), xycoords="axes fraction")


def add_legend(figure: Figure, *blocks: list, titles: tuple[str, ...] = ("run", " ")) -> None:
    """A legend below all panels: the runs on the left, what the marks mean on the right.

    A third block stands between them. Every block has a title. A figure that is too narrow for two
    blocks is made wider.
    """
    places = ("left", "right", "center")[: len(blocks)]
    for handles, title, place in zip(blocks, titles, places, strict=True):
        where = {"loc": f"outside lower {place}", "ncols": 1, "alignment": "left"}
        figure.legend(handles=handles, title=title, **where)
    if len(blocks) == 2:
        renderer = figure.canvas.get_renderer()
        widths = [legend.get_window_extent(renderer).width for legend in figure.legends]
        needed = sum(widths) / figure.dpi + _LEGEND_GAPS
        if needed > figure.get_figwidth():
            figure.set_figwidth(needed)


def fates(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Of every run, the iteration at which each replicate diverged, -1 where it survived."""
    fate = table.groupby(["run", "replicate"], sort=False)["diverged_at"].first()
    return {run: of_run.to_numpy() for run, of_run in fate.groupby("run")}


def run_handles(
    fates: dict[str, np.ndarray], experiment: dict, marker: str | None = None
) -> list[Line2D]:
    """Legend entries of the runs: name, step sizes, how many replicates diverged."""
    handles = []
    for name, (colour, dashes) in style.looks(experiment).items():
        fate = fates[name]
        label = style.run_label(experiment["runs"][name], experiment["iterations"])
        diverged = f"{(fate >= 0).sum()} of {len(fate)} diverged"
        line = {"marker": marker, "linestyle": ""} if marker else {"linestyle": dashes}
        handles.append(Line2D([], [], color=colour, label=f"{name}: {label} ({diverged})", **line))
    return handles


def over_time_handles(metrics: list[str], experiment: dict) -> list:
    """Legend entries of what `draw_over_time` draws of these metrics beside the medians."""
    grey = "#808080"
    median = {"label": "median of the survivors"}
    if style.few_snapshots(experiment):
        median = {"marker": ".", "label": "median of the survivors; a dot is a snapshot"}
    stable = Line2D([], [], color=grey, label=r"$2 / \eta$ (sharpness)", **_STABLE)
    return [
        Line2D([], [], color=grey, **median),
        Patch(color=grey, alpha=0.25, linewidth=0, label="10 to 90 % of the survivors"),
        Line2D([], [], color=grey, linewidth=0.5, label="replicate 0"),
        Line2D([], [], color=grey, linestyle=":", label="step size decays"),
        Line2D([], [], color=grey, marker="x", linestyle="", label="a replicate diverges"),
        *([stable] if "sharpness" in metrics else []),
    ]


def end_value_handles() -> list:
    """Legend entries of what `draw_end_values` draws."""
    grey = "#808080"
    return [
        Line2D([], [], color=grey, marker="o", markersize=3, linestyle="", label="a replicate"),
        Line2D([], [], **_DIAMOND, marker="D", linestyle="", label="replicate 0"),
        Line2D([], [], color=grey, linewidth=2, label="median of the survivors"),
    ]


_STABLE = {"linestyle": (0, (5, 3, 1, 3)), "linewidth": 0.8, "alpha": 0.8}
_DIAMOND = {"markerfacecolor": "none", "markeredgecolor": "black", "markersize": 5, "zorder": 3}


def set_value_axis(axes: Axes, metric: str, shown: np.ndarray) -> None:
    """Label, scale and limits of the vertical axis, so that the values `shown` fit."""
    axes.set_ylabel(style.metric_label(metric))
    if metric in PERCENT:
        axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.4g}")
    shown = shown[np.isfinite(shown)]
    if style.metric_scale(metric) == "log":
        shown = shown[shown > 0]
        if len(shown):
            axes.set_yscale("log")
            axes.set_ylim(shown.min() / 2, shown.max() * 2)
    elif len(shown):
        margin = 0.05 * (shown.max() - shown.min()) or 0.5
        axes.set_ylim(shown.min() - margin, shown.max() + margin)


def draw_band(
    axes: Axes, values: pd.DataFrame, colour: str, dashes, marker: str | None = None
) -> list[np.ndarray]:
    """Median and 10-90 % band over the columns of `values`; returns the band's edges."""
    # A quantity may be undefined for all replicates, for instance a share of zero.
    values = values[values.notna().any(axis=1)]
    if values.empty:
        return []
    low, middle, high = np.nanpercentile(values.to_numpy(), PERCENTILES, axis=1)
    axes.fill_between(values.index, low, high, color=colour, alpha=0.2, linewidth=0)
    line = {"linestyle": dashes, "linewidth": 1.4, "marker": marker, "markersize": 4}
    axes.plot(values.index, middle, color=colour, **line)
    return [low, high]


def mark_decays(axes: Axes, experiment: dict, name: str, colour: str) -> None:
    """A dotted line where the step size of the run of this name decays."""
    schedule = schedules.from_spec(experiment["runs"][name]["schedule"])
    for decay in schedule.decays(experiment["iterations"]):
        at = style.in_time_unit(experiment, decay)
        axes.axvline(at, color=colour, linestyle=":", linewidth=1)


def _mark_divergences(axes: Axes, of_run: pd.DataFrame, height: float, colour: str) -> None:
    """Crosses at `height`, in which 0 and 1 are the panel's lower and upper edge."""
    fate = of_run.groupby("replicate")["diverged_at"].first()
    crosses = axes.plot(fate[fate >= 0], np.full((fate >= 0).sum(), height), "x", color=colour)[0]
    crosses.set(markersize=3.5, transform=axes.get_xaxis_transform(), clip_on=False)
    # The layout engine would take the height for a data value.
    crosses.set_in_layout(False)
