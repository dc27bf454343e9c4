"""Parts of every panel: a letter, an axis of values, medians in their band."""

from collections.abc import Iterable
from string import ascii_lowercase

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sparsestep import metrics

PERCENTILES = (10, 50, 90)
# Of fewer replicates no range is drawn, as no verdict rests on them (`claims/level.py`).
FEWEST = 6
OF_ENOUGH = "10 to 90 % of the survivors, of six or more"


def draw_band(
    axes: Axes, values: pd.DataFrame, colour: str, dashes, marker: str | None = None
) -> list[np.ndarray]:
    """Median and 10-90 % band over the columns of `values`; returns the edges of `ranges`."""
    # A quantity may be undefined for all replicates, for instance a share of zero.
    values = values[values.notna().any(axis=1)]
    if values.empty:
        return []
    low, middle, high, enough = ranges(values)
    if enough.any():
        band = {"color": colour, "alpha": 0.2, "linewidth": 0}
        axes.fill_between(values.index, low, high, where=enough, **band)
    line = {"linestyle": dashes, "linewidth": 1.4, "marker": marker, "markersize": 4}
    axes.plot(values.index, middle, color=colour, **line)
    return [low, high]


def ranges(values: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """10 %, median and 90 % of every row, and whether at least `FEWEST` have a value there.

    Where they have not, the smallest and the largest value stand for the 10 and the 90 %, so that
    what is drawn of these replicates instead is in sight. No row is without a value.
    """
    enough = (values.notna().sum(axis=1) >= FEWEST).to_numpy()
    low, middle, high = np.nanpercentile(values.to_numpy(), PERCENTILES, axis=1)
    low, high = (
        np.where(enough, low, values.min(axis=1)),
        np.where(enough, high, values.max(axis=1)),
    )
    return low, middle, high, enough


def set_value_axis(axes: Axes, metric: str, shown: np.ndarray) -> None:
    """Label, scale and limits of the vertical axis, so that the values `shown` fit."""
    about = metrics.describe(metric)
    axes.set_ylabel(about.label)
    if about.per_cent:
        axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.4g}")
    shown = shown[np.isfinite(shown)]
    if about.scale == "log":
        shown = shown[shown > 0]
        if len(shown):
            axes.set_yscale("log")
            axes.set_ylim(shown.min() / 2, shown.max() * 2)
    elif len(shown):
        margin = 0.05 * (shown.max() - shown.min()) or 0.5
        axes.set_ylim(shown.min() - margin, shown.max() + margin)


def add_letters(grid: Iterable[Axes]) -> None:
    """(a), (b), ... beside the upper left corner of every panel."""
    for letter, axes in zip(ascii_lowercase, grid, strict=False):
        # A title leaves room for the letter, and for crosses above the panel.
        axes.set_title(axes.get_title() or " ", pad=10)
        axes.annotate(f"({letter})", (-0.2, 1.1), xycoords="axes fraction")
