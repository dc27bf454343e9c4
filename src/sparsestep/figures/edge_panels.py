"""Panels over the fraction of the edge."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sparsestep import schedules
from sparsestep.figures import panels, style
from sparsestep.tables import last_snapshots

# Duration of the large-step phase, longest last; as the runs of the published experiments.
_COLOURS = {0.1: "#E69F00", 0.3: "#009E73", 0.5: "#0072B2"}
_MARKERS = {0.1: "s", 0.3: "^", 0.5: "o"}


class Profile:
    """End values of every replicate with its run's fraction of the edge and duration.

    `last` has the columns of the table and `fraction`, `duration`, `diverged`.
    """

    def __init__(self, table: pd.DataFrame, experiment: dict):
        last = last_snapshots(table)
        runs = experiment["runs"]
        fractions = {name: runs[name]["schedule"]["step_size"]["of_edge"] for name in runs}
        durations = {name: _duration(runs[name]["schedule"], experiment) for name in runs}
        self.last = last.assign(
            fraction=last["run"].map(fractions),
            duration=last["run"].map(durations),
            diverged=(last["diverged_at"] >= 0).astype(float),
        )

    @property
    def durations(self) -> list[float]:
        """Lengths of the large-step phase that occur, as fractions of T."""
        return sorted(self.last["duration"].unique())


def draw(axes: Axes, profile: Profile, metric: str) -> None:
    """One metric over the fraction of the edge; `diverged` as the share of replicates."""
    shown = [np.empty(0)]
    for duration in profile.durations:
        of_duration = profile.last[profile.last["duration"] == duration]
        values = of_duration.pivot(index="fraction", columns="replicate", values=metric)
        look = {"color": colour(duration), "marker": marker(duration)}
        if metric == "diverged":
            axes.plot(values.index, values.mean(axis=1), markersize=4, **look)
            continue
        shown.append(values.to_numpy().ravel())
        for replicate in values:
            points = {"linestyle": "", "markersize": 2.5, "alpha": 0.35, "markeredgewidth": 0}
            axes.plot(values.index, values[replicate], **look, **points)
        panels.draw_band(axes, values, look["color"], "-", look["marker"])
    if metric == "diverged":
        axes.set_ylabel("share of replicates diverged")
        axes.set_ylim(-0.03, 1.03)
    else:
        panels.set_value_axis(axes, metric, np.concatenate(shown))
    axes.set_xlabel("step size / edge")


def duration_handles(profile: Profile) -> list[Line2D]:
    """Legend entries: how long the large-step phase lasts."""
    return [
        Line2D(
            [],
            [],
            color=colour(duration),
            marker=marker(duration),
            label=f"large steps for {100 * duration:.0f} % of the iterations",
        )
        for duration in profile.durations
    ]


def handles() -> list:
    """Legend entries of what `draw` draws."""
    grey = "#808080"
    return [
        Line2D([], [], color=grey, marker="o", label="median of the survivors"),
        Patch(color=grey, alpha=0.25, linewidth=0, label="10 to 90 % of the survivors"),
        Line2D([], [], color=grey, marker="o", markersize=2.5, linestyle="", label="a replicate"),
    ]


def colour(duration: float) -> str:
    """Colour of a duration of the large-step phase."""
    return _COLOURS.get(duration, style.OTHERS[0][0])


def marker(duration: float) -> str:
    """Marker of a duration of the large-step phase."""
    return _MARKERS.get(duration, "D")


def _duration(schedule: dict, experiment: dict) -> float:
    decays = schedules.from_spec(schedule).decays(experiment["iterations"])
    return schedule["decay_at"] if decays else 1.0
