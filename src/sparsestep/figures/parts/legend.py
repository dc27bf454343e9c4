"""Legends below all panels, and what they say of runs."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sparsestep.artifacts.arrays import Trajectory
from sparsestep.figures.parts.shown import Shown

# Inches beside and between two legends.
_LEGEND_GAPS = 0.3


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


def fates_in(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Of every run in a table, the iteration at which each replicate diverged, -1: it survived."""
    fate = table.groupby(["run", "replicate"], sort=False)["diverged_at"].first()
    return {run: of_run.to_numpy() for run, of_run in fate.groupby("run")}


def fates_of(trajectories: dict[str, Trajectory]) -> dict[str, np.ndarray]:
    """The same of trajectories, by run."""
    return {run: trajectory.diverged_at for run, trajectory in trajectories.items()}


def run_handles(
    fates: dict[str, np.ndarray], experiment: Shown, marker: str | None = None
) -> list[Line2D]:
    """Legend entries of the runs: name, step sizes, how many replicates diverged."""
    handles = []
    for name, (colour, dashes) in experiment.looks().items():
        fate = fates[name]
        label = experiment.label(name)
        diverged = f"{(fate >= 0).sum()} of {len(fate)} diverged"
        line = {"marker": marker, "linestyle": ""} if marker else {"linestyle": dashes}
        handles.append(Line2D([], [], color=colour, label=f"{name}: {label} ({diverged})", **line))
    return handles
