"""Panels of the figure about gradient descent on quadratic losses."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sparsestep.figures.parts import legend, panel
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.quadratic import Spec

# Below the threshold, at it, above it.
_BELOW = ("#0072B2", "#56B4E9")
_AT = "black"
_ABOVE = ("#E69F00", "#D55E00")
_DASHES = ((0, (1.5, 0.7)), (0, (5, 1)), (0, (3, 1, 1, 1)))
_LOSSES = {
    "sum": (r"$\|X\beta - y\|^2$", "#0072B2", "o"),
    "half": (r"$\|X\beta - y\|^2 / 2$", "#E69F00", "s"),
    "mean": (r"$\|X\beta - y\|^2 / 2n$", "#009E73", "^"),
}
_POINT = {"markersize": 4, "linestyle": "", "alpha": 0.7, "markeredgewidth": 0}
_IDENTITY = {"color": "black", "linewidth": 0.8}
_TOP = {"color": "#D55E00", "marker": "o", "markersize": 3, "linewidth": 0.8}
_SECOND = {"color": "#595959", "marker": "s", "markersize": 3, "linewidth": 0.8}
# Steps of the cycle that are shown: enough to see the other direction vanish.
_CYCLE_STEPS = 40


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """Loss over the steps, the cycle of two, measured against exact thresholds, their errors."""
    table, paths = sources.simulation(figure.simulation), sources.simulation(figure.paths)
    page, grid = plt.subplots(2, 2, figsize=(8.2, 7.4), layout="constrained")
    page.suptitle(title(table), fontsize="medium")
    draw_loss(grid[0, 0], paths)
    draw_cycle(grid[0, 1], paths)
    draw_thresholds(grid[1, 0], table)
    draw_errors(grid[1, 1], table)
    panel.add_letters(grid.flat)
    blocks = (path_handles(paths), threshold_handles(table), cycle_handles())
    legend.add_legend(page, *blocks, titles=("(a)", "(c), (d)", "(b)"))
    return page


def title(table: pd.DataFrame) -> str:
    """What was simulated: numbers of X, losses, sizes."""
    shapes = table[["n", "d"]].drop_duplicates().itertuples(index=False)
    sizes = ", ".join(rf"{n} $\times$ {d}" for n, d in shapes)
    return (
        f"Gradient descent on quadratic losses: {table['replicate'].nunique()} draws of "
        f"$X$ for each size ({sizes}) and normalisation"
    )


def draw_loss(axes: Axes, paths: pd.DataFrame) -> None:
    """Loss above its minimum over the steps, one line a step size."""
    for fraction, (colour, dashes) in _looks(paths).items():
        run = paths[paths["of_threshold"] == fraction]
        axes.plot(run["step"], run["excess"], color=colour, linestyle=dashes, linewidth=1.3)
    axes.set(xlabel="step", ylabel="loss above its minimum", yscale="log")
    axes.set_xlim(0, paths["step"].max())


def draw_cycle(axes: Axes, paths: pd.DataFrame) -> None:
    """The run nearest to the threshold along the two top eigenvectors of the Hessian."""
    nearest = min(paths["of_threshold"].unique(), key=lambda fraction: abs(fraction - 1))
    run = paths[(paths["of_threshold"] == nearest) & (paths["step"] <= _CYCLE_STEPS)]
    axes.plot(run["step"], run["top"], **_TOP)
    axes.plot(run["step"], run["second"], **_SECOND)
    axes.set(xlabel="step", ylabel=r"coordinate of $\beta_t - \beta_{\min}$")
    axes.set_title(_step_size(nearest))
    axes.set_xlim(0, run["step"].max())


def draw_thresholds(axes: Axes, table: pd.DataFrame) -> None:
    """Measured against exact threshold, and the identity."""
    for name, (_, colour, marker) in _LOSSES.items():
        part = table[table["normalisation"] == name]
        axes.plot(part["exact"], part["measured"], marker=marker, color=colour, **_POINT)
    ends = np.array([table["exact"].min() / 2, table["exact"].max() * 2])
    axes.plot(ends, ends, zorder=1, **_IDENTITY)
    axes.set(xlabel=r"$2 / \lambda_{\max}$(Hessian)", ylabel="measured threshold")
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)


def draw_errors(axes: Axes, table: pd.DataFrame) -> None:
    """Relative error of each measured threshold."""
    for name, (_, colour, marker) in _LOSSES.items():
        part = table[table["normalisation"] == name]
        error = part["measured"] / part["exact"] - 1
        axes.plot(part["exact"], error, marker=marker, color=colour, **_POINT)
    axes.axhline(0, zorder=1, **_IDENTITY)
    axes.set(xlabel=r"$2 / \lambda_{\max}$(Hessian)", ylabel="relative error", xscale="log")
    axes.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))


def path_handles(paths: pd.DataFrame) -> list[Line2D]:
    """Legend entries of `draw_loss`."""
    return [
        Line2D([], [], color=colour, linestyle=dashes, label=_step_size(fraction))
        for fraction, (colour, dashes) in _looks(paths).items()
    ]


def cycle_handles() -> list[Line2D]:
    """Legend entries of `draw_cycle`."""
    return [
        Line2D([], [], label="top eigenvector", **_TOP),
        Line2D([], [], label="second eigenvector", **_SECOND),
    ]


def threshold_handles(table: pd.DataFrame) -> list[Line2D]:
    """Legend entries of `draw_thresholds` and `draw_errors`."""
    shown = [_LOSSES[name] for name in table["normalisation"].unique()]
    points = [
        Line2D([], [], color=colour, marker=marker, label=f"loss {words}", **_POINT)
        for words, colour, marker in shown
    ]
    return [*points, Line2D([], [], label="measured = exact", **_IDENTITY)]


def _step_size(fraction: float) -> str:
    factor = "" if fraction == 1 else rf"{fraction:g} \cdot "
    return rf"$\eta = {factor}2 / \lambda_{{\max}}$"


def _looks(paths: pd.DataFrame) -> dict[float, tuple]:
    """Colour and dashes of each step size, in order."""
    fractions = sorted(paths["of_threshold"].unique())
    below = [fraction for fraction in fractions if fraction < 1]
    above = [fraction for fraction in fractions if fraction > 1]
    looks = {}
    for group, colours in ((below, _BELOW), (above, _ABOVE)):
        for place, fraction in enumerate(group):
            looks[fraction] = (colours[place % len(colours)], _DASHES[place % len(_DASHES)])
    looks |= {fraction: (_AT, "-") for fraction in fractions if fraction == 1}
    return {fraction: looks[fraction] for fraction in fractions}
