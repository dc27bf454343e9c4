"""End values of every replicate, a column a run."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sparsestep.artifacts.tables import last_snapshots
from sparsestep.figures.parts import panel, published, style
from sparsestep.figures.parts.shown import Shown

_DIAMOND = {"markerfacecolor": "none", "markeredgecolor": "black", "markersize": 5, "zorder": 3}


def draw(
    axes: Axes,
    table: pd.DataFrame,
    experiment: Shown,
    metric: str,
    without: tuple[int, ...] = (),
) -> None:
    """The last snapshot's value of every surviving replicate, one column a run.

    A bar marks the median of the survivors but those `without` whom it is taken, an open diamond
    replicate 0, a star beside the bar the published value.
    """
    last, stars = last_snapshots(table), published.values(experiment, metric)
    for place, (name, (colour, _)) in enumerate(experiment.looks().items()):
        values = last.loc[last["run"] == name].set_index("replicate")[metric]
        # Spread by replicate number, not at random: the same replicate stands at the same place in
        # every column.
        offsets = 0.5 * (np.arange(len(values)) / max(len(values) - 1, 1) - 0.5)
        axes.plot(place + offsets, values, "o", color=colour, markersize=3, alpha=0.7)
        if 0 in values.index:
            axes.plot(place + offsets[:1], values[[0]], "D", **_DIAMOND)
        others = values.drop(index=[name for name in without if name in values.index])
        if others.notna().any():
            median = others.median()
            axes.plot([place - 0.35, place + 0.35], [median, median], color=colour, linewidth=2)
        if name in stars:
            published.draw(axes, place + 0.45, stars[name], colour)
    panel.set_value_axis(axes, metric, np.append(last[metric], list(stars.values())))
    axes.set_xlim(-0.6, len(experiment.runs) - 0.4)
    axes.set_xticks(range(len(experiment.runs)), list(experiment.runs))


def handles(
    experiment: Shown,
    metrics: list[str],
    replicate: str = "a replicate",
    median: str = "median of the survivors",
) -> list:
    """Legend entries of what `draw` draws of these metrics, in these words."""
    return [
        Line2D([], [], color=style.GREY, marker="o", markersize=3, linestyle="", label=replicate),
        Line2D([], [], **_DIAMOND, marker="D", linestyle="", label="replicate 0"),
        Line2D([], [], color=style.GREY, linewidth=2, label=median),
        *published.handles(experiment, metrics),
    ]
