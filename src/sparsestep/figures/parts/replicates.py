"""Replicates as points, their median and range: panels over something that runs differ in."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation

from sparsestep import metrics
from sparsestep.figures.parts import panel, style

_POINTS = {"linestyle": "", "markersize": 2.5, "alpha": 0.35, "markeredgewidth": 0}
_ARROW = {"linestyle": "", "markersize": 5, "alpha": 0.8, "markeredgewidth": 0}
_DOWN = r"$\downarrow$"


def draw_points(axes: Axes, values: pd.DataFrame, colour: str, marker: str, shift: float = 0):
    """Every replicate (a column of `values`), `shift` points to the right; NaN is not drawn."""
    for replicate in values:
        axes.plot(
            values.index,
            values[replicate],
            color=colour,
            marker=marker,
            transform=_shifted(axes, shift),
            **_POINTS,
        )


def draw_bars(axes: Axes, values: pd.DataFrame, colour: str, marker: str, shift: float = 0):
    """Median and 10-90 % range of every row, with no line between rows; returns the range.

    A range of fewer than six replicates is not drawn; what is returned are then their ends.
    """
    values = values[values.notna().any(axis=1)]
    if values.empty:
        return []
    low, middle, high, enough = panel.ranges(values)
    transform = _shifted(axes, shift)
    for place, *ends in zip(values.index[enough], low[enough], high[enough], strict=True):
        axes.plot([place, place], ends, color=colour, linewidth=1.2, transform=transform)
    axes.plot(
        values.index,
        middle,
        color=colour,
        marker=marker,
        markersize=4.5,
        linestyle="",
        markeredgecolor="white",
        markeredgewidth=0.5,
        transform=transform,
        zorder=3,
    )
    return [low, high]


def draw_shares(
    axes: Axes, shares: pd.DataFrame, shift: float, line: str, color: str, marker: str, **look
) -> None:
    """`share` of every row, joined by a `line`, with a bar from `low` to `high`; NaN is not drawn.

    All of it is shifted by so many points.
    """
    transform = _shifted(axes, shift)
    for place, low, high in shares[["low", "high"]].dropna().itertuples():
        axes.plot([place, place], [low, high], color=color, linewidth=1.0, transform=transform)
    points = {"marker": marker, "markersize": 4.5, "linestyle": line, "zorder": 3}
    axes.plot(shares.index, shares["share"], color=color, transform=transform, **points, **look)


def set_value_axis(
    axes: Axes, metric: str, drawn: list[pd.DataFrame], bands: list[np.ndarray], colour: str
) -> None:
    """Label, scale and limits: all bands, and replicates up to half the bands' extent beyond them.

    An arrow at the frame stands for each replicate further out.
    """
    every = np.concatenate([np.empty(0), *(values.to_numpy().ravel() for values in drawn)])
    bands = np.concatenate([np.empty(0), *bands])
    panel.set_value_axis(
        axes, metric, np.concatenate([bands, _near(every, bands, metrics.describe(metric).scale)])
    )
    bottom, top = axes.get_ylim()
    for values in drawn:
        long = values.stack()
        for beyond, height, arrow in (
            (long < bottom, 0.035, _DOWN),
            (long > top, 0.965, r"$\uparrow$"),
        ):
            places = long.index.get_level_values(0)[beyond]
            axes.plot(
                places,
                np.full(len(places), height),
                color=colour,
                marker=arrow,
                transform=axes.get_xaxis_transform(),
                **_ARROW,
            )


def handles(count: int) -> list:
    """Legend entries of `count` replicates."""
    return [
        Line2D([], [], color=style.GREY, marker="o", markersize=4, label="median of the survivors"),
        Patch(color=style.GREY, alpha=0.25, linewidth=0, label=panel.OF_ENOUGH),
        Line2D([], [], color=style.GREY, marker="o", label=f"a replicate, of {count}", **_POINTS),
        Line2D([], [], color=style.GREY, marker=_DOWN, label="one beyond the frame", **_ARROW),
    ]


def _shifted(axes: Axes, shift: float):
    return axes.transData + ScaledTranslation(shift / 72, 0, axes.figure.dpi_scale_trans)


def _near(values: np.ndarray, bands: np.ndarray, scale: str) -> np.ndarray:
    """Those of `values` within half the extent of the bands beyond them, on the axis's scale."""
    if scale == "log":
        values, bands = values[values > 0], bands[bands > 0]
        return 10 ** _near(np.log10(values), np.log10(bands), "linear") if len(bands) else bands
    if not len(bands):
        return bands
    margin = 0.5 * np.ptp(bands)
    return values[(values >= bands.min() - margin) & (values <= bands.max() + margin)]
