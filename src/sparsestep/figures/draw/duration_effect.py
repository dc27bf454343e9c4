"""Panels over the duration of the large-step phase."""

from string import ascii_lowercase

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sparsestep.artifacts.tables import last_snapshots
from sparsestep.figures.parts import legend, panel, replicates, style
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.duration_effect import Spec, shares_at_peak

_PANEL_INCHES = (2.6, 2.1)
# As the small and the longest large-step run of the other figures.
_NEVER = (style.RUNS["small"][0], "D")
_LARGE = (style.RUNS["decay-50"][0], "o")


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """Survivors' median and 10-90 % band over the duration, replicates as points."""
    rows = max(len(column.panels) for column in figure.columns)
    width, height = _PANEL_INCHES
    size = (max(len(figure.columns), 2) * width, rows * height + 1.2)
    page, grid = plt.subplots(
        rows, len(figure.columns), figsize=size, layout="constrained", squeeze=False
    )
    letters = iter(ascii_lowercase)
    for place, column in enumerate(figure.columns):
        name = column.experiment
        durations = Durations(sources.tables[name], experiments[name])
        for axes in grid[len(column.panels) :, place]:
            axes.set_axis_off()
        for axes, metric in zip(grid[:, place], column.panels, strict=False):
            draw(axes, durations, metric)
            letter = f"({next(letters)})"
            axes.annotate(letter, (-0.3, 1.08), xycoords="axes fraction", fontsize="small")
        count_diverged(grid[0, place], durations)
        grid[0, place].set_title(style.as_text(column.title, 36), pad=14)
        grid[len(column.panels) - 1, place].set_xlabel("large steps [% of iterations]")
    counts = max(experiments[name].replicates for name in figure.experiments())
    legend.add_legend(page, run_handles(), replicates.handles(counts))
    return page


class Durations:
    """End values of every replicate with the duration of its run's large-step phase.

    `last` has the columns of the table and `duration`: the share of the iterations at the largest
    step size of the experiment, 0 for a run that never takes it.
    """

    def __init__(self, table: pd.DataFrame, experiment: Shown):
        last = last_snapshots(table)
        durations = shares_at_peak({name: experiment.step_sizes(name) for name in experiment.runs})
        self.last = last.assign(duration=last["run"].map(durations))

    def of_metric(self, metric: str) -> pd.DataFrame:
        """End values, a row a duration, a column a replicate."""
        return self.last.pivot(index="duration", columns="replicate", values=metric)

    def diverged(self) -> pd.Series:
        """How many replicates diverged, by duration."""
        return (self.last["diverged_at"] >= 0).groupby(self.last["duration"]).sum()


def draw(axes: Axes, durations: Durations, metric: str) -> None:
    """One metric over the duration; runs that never take large steps stand apart, at 0."""
    values = durations.of_metric(metric)
    large, never = values[values.index > 0], values[values.index == 0]
    replicates.draw_points(axes, values[values.index > 0], *_LARGE)
    replicates.draw_points(axes, never, *_NEVER)
    bands = panel.draw_band(axes, large, _LARGE[0], "-", _LARGE[1])
    bands += replicates.draw_bars(axes, never, *_NEVER)
    replicates.set_value_axis(axes, metric, [values], bands, _LARGE[0])
    # The effect of short phases is large: a square root spreads them.
    functions = (lambda x: np.sign(x) * np.sqrt(np.abs(x)), lambda y: np.sign(y) * y**2)
    axes.set_xscale("function", functions=functions)
    longest = max(values.index.max(), 0.01)
    axes.set_xlim(-0.01 * longest, 1.1 * longest)
    axes.set_xticks(values.index, [f"{100 * place:.0f}" for place in values.index])
    axes.yaxis.label.set_size("small")


def count_diverged(axes: Axes, durations: Durations) -> None:
    """Above a panel, for each duration, how many replicates diverged."""
    for place, count in durations.diverged().items():
        axes.annotate(
            str(count),
            (place, 1.01),
            xycoords=axes.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize="x-small",
            color=_LARGE[0] if place > 0 else _NEVER[0],
        )


def run_handles() -> list[Line2D]:
    """Legend entries of the runs."""
    return [
        Line2D([], [], color=_LARGE[0], marker=_LARGE[1], label="large, then small steps"),
        Line2D([], [], color=_NEVER[0], marker=_NEVER[1], label="small steps alone"),
        Line2D(
            [],
            [],
            color=_LARGE[0],
            marker="$0$",
            linestyle="",
            label="above a column: replicates that diverge",
        ),
    ]
