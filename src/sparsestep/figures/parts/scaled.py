"""An axis of values on the scale that a figure asks for."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from sparsestep import metrics
from sparsestep.figures.parts import style

_ARROW = {"linestyle": "", "markersize": 5, "alpha": 0.8, "markeredgewidth": 0}
# Replicates further out are arrows: so many times what must be in sight.
_BEYOND = 0.5
# So many values of an axis have a label each.
_LABELLED = 7
# Longer texts beside each other are turned.
_CHARACTERS = 24
_LONGEST_LINE = 40


def set_value_axis(
    axes: Axes, metric: str, scale: str | None, needed: list[np.ndarray], single: list[np.ndarray]
) -> tuple[float, float]:
    """Label, scale and limits of the vertical axis; returns the limits.

    All that is `needed` is in sight, and `single` values up to half its extent beyond it. `scale`
    is the metric's own where it is None. On a logarithmic scale, values of 0 and below have none.
    """
    about = metrics.describe(metric)
    axes.set_ylabel(about.label)
    if about.per_cent:
        axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.4g}")
    is_log = (scale or about.scale) == "log"
    needed, single = (_finite(values, is_log) for values in (needed, single))
    if not len(needed):
        return axes.get_ylim()
    extent = _BEYOND * np.ptp(needed)
    near = (single >= needed.min() - extent) & (single <= needed.max() + extent)
    seen = np.concatenate([needed, single[near]])
    margin = 0.05 * np.ptp(seen) or (np.log10(2) if is_log else 0.5)
    limits = np.array([seen.min() - margin, seen.max() + margin])
    if is_log:
        axes.set_yscale("log")
        limits = 10**limits
    axes.set_ylim(*limits)
    return axes.get_ylim()


def draw_arrows(axes: Axes, values: pd.DataFrame, limits: tuple[float, float], colour: str) -> None:
    """An arrow at the frame for every value, a row a place, beyond these limits."""
    long = values.stack()
    for beyond, height, arrow in (
        (long < limits[0], 0.035, r"$\downarrow$"),
        (long > limits[1], 0.965, r"$\uparrow$"),
    ):
        places = long.index.get_level_values(0)[beyond]
        heights = np.full(len(places), height)
        where = axes.get_xaxis_transform()
        axes.plot(places, heights, color=colour, marker=arrow, transform=where, **_ARROW)


def set_key_axis(
    axes: Axes,
    label: str,
    places: np.ndarray,
    texts: list[str],
    scale: str,
    beyond: Iterable[float] = (),
) -> None:
    """The horizontal axis over the values of a key: numbers, or texts that stand from 0 on.

    Places `beyond` those of the values are in sight, too.
    """
    axes.set_xlabel(label)
    if texts:
        set_texts(axes, texts)
        axes.set_xlim(-0.5, len(texts) - 0.5)
        return
    is_log = scale == "log"
    if is_log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    seen = np.array([*places, *beyond], dtype=float)
    seen = np.log10(seen) if is_log else seen
    margin = 0.06 * np.ptp(seen) or (0.3 if is_log else abs(seen[0]) or 1.0)
    limits = np.array([seen.min() - margin, seen.max() + margin])
    axes.set_xlim(*(10**limits if is_log else limits))
    if len(places) <= _LABELLED and _are_apart(places, is_log):
        axes.set_xticks(places, [f"{place:g}" for place in places])
        axes.set_xticks([], minor=True)


def set_texts(axes: Axes, texts: list[str]) -> None:
    """Texts from 0 on below the horizontal axis, turned where they are long."""
    wrapped = [style.as_text(text, _LONGEST_LINE) for text in texts]
    turned = {"rotation": 25, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(range(len(texts)), wrapped, **(turned if are_turned(texts) else {}))


def are_turned(texts: list[str]) -> bool:
    """Whether these texts below an axis are too long to stand beside each other."""
    return sum(map(len, texts)) > _CHARACTERS


def room(places: np.ndarray, scale: str) -> float:
    """Half of the smallest distance between places, as a fraction of what they span; 1 of one."""
    at = np.sort(np.log(places) if scale == "log" else places)
    return float(np.diff(at).min() / np.ptp(at)) / 2 if len(at) > 1 else 1.0


def _are_apart(places: np.ndarray, is_log: bool) -> bool:
    """Whether labels of these places do not overlap."""
    at = np.sort(np.log(places) if is_log else places)
    return len(at) < 2 or np.diff(at).min() > 0.1 * np.ptp(at)


def _finite(values: list[np.ndarray], is_log: bool) -> np.ndarray:
    every = np.concatenate([np.empty(0), *(np.ravel(part) for part in values)]).astype(float)
    every = every[np.isfinite(every)]
    return np.log10(every[every > 0]) if is_log else every
