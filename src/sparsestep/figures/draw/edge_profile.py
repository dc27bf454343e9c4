"""Panels over the fraction of the edge."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sparsestep import metrics
from sparsestep.artifacts.tables import last_snapshots
from sparsestep.figures.parts import legend, panel, replicates, style
from sparsestep.figures.parts.grid import draw_metrics
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.edge_profile import Spec, large_share
from sparsestep.measures import shares

# Duration of the large-step phase, longest last; as the runs of the published experiments.
_COLOURS = {0.1: "#E69F00", 0.3: "#009E73", 0.5: "#0072B2"}
_MARKERS = {0.1: "s", 0.3: "^", 0.5: "o"}
# What is shown as the share of replicates for which it is true.
_SHARES = ("diverged", "dead")
# Shares of runs that were repeated, in points to the right of the run.
_BESIDE = 6
_AGAIN = {"markerfacecolor": "white"}
# Labels of the horizontal axis, where the fractions reach them.
_TICKS = (0.3, 0.7, 0.9, 0.95, 0.99)


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """Survivors' median and 10-90 % band over the fraction of the edge, replicates as points."""
    table, experiment = sources.tables[figure.experiment], experiments[figure.experiment]
    profile = Profile(table, experiment)
    page = draw_metrics(
        figure,
        experiment.title,
        lambda axes, metric: draw(axes, profile, metric),
    )
    marks = replicates.handles(experiment.replicates)
    if set(_SHARES).intersection(figure.panels):
        marks += share_handles(profile)
    legend.add_legend(page, duration_handles(profile), marks)
    return page


class Profile:
    """End values of every replicate with its run's fraction of the edge and duration.

    `last` has the columns of the table and `fraction`, `duration`, `diverged`; `again` the same of
    the runs that repeat one from perturbed starts, without replicate 0, whose start is as it is.
    """

    def __init__(self, table: pd.DataFrame, experiment: Shown):
        last = last_snapshots(table)
        planned = {name: run.schedule for name, run in experiment.runs.items()}
        fractions = {name: schedule.step_size.of_edge for name, schedule in planned.items()}
        durations = {
            name: large_share(schedule, experiment.iterations) for name, schedule in planned.items()
        }
        last = last.assign(
            fraction=last["run"].map(fractions),
            duration=last["run"].map(durations),
            diverged=(last["diverged_at"] >= 0).astype(float),
        )
        sizes = last["run"].map({name: run.perturbation for name, run in experiment.runs.items()})
        self.last = last[sizes == 0]
        self.again = last[(sizes > 0) & (last["replicate"] != 0)]

    @property
    def durations(self) -> list[float]:
        """Lengths of the large-step phase that occur, as fractions of T."""
        return sorted(self.last["duration"].unique())


def draw(axes: Axes, profile: Profile, metric: str) -> None:
    """One metric over the fraction of the edge; of `diverged` and `dead` the share of replicates.

    The longest large-step phase is a line with its band; the others stand beside it, shifted, so
    that they can be told apart. Shares have exact 95 % intervals, and beside them stand those of
    runs that were repeated from perturbed starts.
    """
    shifts = dict(zip(profile.durations, _shifts(len(profile.durations)), strict=True))
    if metric in _SHARES:
        _draw_all_shares(axes, profile, metric, shifts)
    else:
        _draw_values(axes, profile, metric, shifts)
    _set_edge_axis(axes, profile.last["fraction"].unique())


def _draw_values(axes: Axes, profile: Profile, metric: str, shifts: dict[float, float]) -> None:
    drawn, bands = [], []
    for duration, shift in shifts.items():
        of_duration = profile.last[profile.last["duration"] == duration]
        values = of_duration.pivot(index="fraction", columns="replicate", values=metric)
        look = (colour(duration), marker(duration))
        replicates.draw_points(axes, values, *look, shift)
        if shift:
            bands += replicates.draw_bars(axes, values, *look, shift)
        else:
            bands += panel.draw_band(axes, values, look[0], "-", look[1])
        drawn.append(values)
    replicates.set_value_axis(axes, metric, drawn, bands, colour(profile.durations[-1]))


def _draw_all_shares(axes: Axes, profile: Profile, metric: str, shifts: dict[float, float]) -> None:
    # Few of them are to look like few.
    top = 0.2
    for duration, shift in shifts.items():
        look = {"color": colour(duration), "marker": marker(duration)}
        found = shares_in(profile.last[profile.last["duration"] == duration], metric)
        replicates.draw_shares(axes, found, shift, "" if shift else "-", **look)
        again = shares_in(profile.again[profile.again["duration"] == duration], metric)
        replicates.draw_shares(axes, again, shift + _BESIDE, "", **look, **_AGAIN)
        top = max(top, *found["high"], *again["high"])
    axes.set_ylabel(metrics.describe(metric).label)
    axes.set_ylim(-0.04 * top, 1.05 * top)


def shares_in(last: pd.DataFrame, metric: str) -> pd.DataFrame:
    """`share` of the replicates with a value for which it is 1, `low`, `high`, by fraction."""
    rows = {}
    for fraction, values in last.groupby("fraction")[metric]:
        known = values.dropna()
        rows[fraction] = (known.mean(), *shares.exact_interval(int(known.sum()), len(known)))
    return pd.DataFrame.from_dict(rows, "index", dtype=float, columns=["share", "low", "high"])


def share_handles(profile: Profile) -> list[Line2D]:
    """Legend entries of what panels of shares show beside the share."""
    grey = {"color": style.GREY, "linestyle": ""}
    bar = {"marker": "|", "markersize": 9, "label": "exact 95 % interval of a share"}
    found = [Line2D([], [], **grey, **bar)]
    if len(profile.again):
        label = "a share out of sample: starts perturbed"
        found.append(Line2D([], [], **grey, marker="o", markersize=4.5, label=label, **_AGAIN))
    return found


def duration_handles(profile: Profile) -> list[Line2D]:
    """Legend entries: how long the large-step phase lasts."""
    return [
        Line2D(
            [],
            [],
            color=colour(duration),
            marker=marker(duration),
            linestyle="-" if duration == profile.durations[-1] else "",
            label=f"large steps for {100 * duration:.0f} % of the iterations",
        )
        for duration in profile.durations
    ]


def colour(duration: float) -> str:
    """Colour of a duration of the large-step phase."""
    return _COLOURS.get(duration, style.OTHERS[0][0])


def marker(duration: float) -> str:
    """Marker of a duration of the large-step phase."""
    return _MARKERS.get(duration, "D")


def _shifts(count: int) -> list[float]:
    """Points by which each duration is shifted: 5 to either side, then 10; the longest not."""
    return [5 * (1 + index // 2) * (-1) ** (index + 1) for index in range(count - 1)] + [0]


def _set_edge_axis(axes: Axes, fractions: np.ndarray) -> None:
    """Horizontal axis: logarithmic in the distance to the edge, where all are below it."""
    low, high = fractions.min(), fractions.max()
    if high < 1:
        functions = (lambda x: -np.log10(np.maximum(1 - x, 1e-9)), lambda y: 1 - 10.0**-y)
        axes.set_xscale("function", functions=functions)
        axes.set_xlim(1 - 1.2 * (1 - low), 1 - (1 - high) / 1.3)
    ticks = [tick for tick in _TICKS if low <= tick <= high] or [low, high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks(fractions, minor=True)
    axes.set_xlabel("step size / edge")
