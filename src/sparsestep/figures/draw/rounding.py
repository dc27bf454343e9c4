"""Copies of a replicate: how fast they part, how many diverge, what the others end with."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from sparsestep import metrics
from sparsestep.artifacts.tables import last_snapshots
from sparsestep.figures.parts import end_values, legend, over_time, panel, style
from sparsestep.figures.parts.grid import open_page
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.rounding import METRIC, Spec
from sparsestep.measures import separation, shares

_INCHES = (3.6, 2.6)
_FIT = {"linestyle": (0, (1, 1)), "linewidth": 1.2, "color": "black"}
_WINDOW = {"color": style.GREY, "linewidth": 0.6, "linestyle": (0, (6, 3))}
# The horizontal axis of separations ends at this many times what the slowest run takes to part.
_BEYOND = 1.5


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """A panel of separations, one of shares diverged, and one of end values for each metric."""
    table, experiment = sources.tables[figure.experiment], experiments[figure.experiment]
    title = style.as_text(experiment.title)
    page, panels = open_page(title, 2 + len(figure.panels), figure.columns, _INCHES, below=2.0)
    panel.add_letters(panels)
    apart, fits = {}, {}
    for name in experiment.runs:
        apart[name] = separation.separations(table[table["run"] == name], METRIC)
        fits[name] = separation.growth(apart[name])
    draw_separations(panels[0], apart, fits, experiment)
    copies = table[table["replicate"] != 0]
    draw_shares(panels[1], copies, experiment)
    for axes, metric in zip(panels[2:], figure.panels, strict=True):
        draw_end_values(axes, table, experiment, metric)
    marks = _handles(experiment, figure.panels)
    legend.add_legend(page, _run_handles(copies, fits, experiment), marks)
    return page


def draw_separations(
    axes: Axes,
    apart: dict[str, pd.DataFrame],
    fits: dict[str, separation.Growth],
    experiment: Shown,
) -> None:
    """The copies' median distance from replicate 0 and 10-90 % band, and the fitted growth.

    The axis ends a little behind the last fit: later, copies are two different runs.
    """
    ends = [fit.last for fit in fits.values() if np.isfinite(fit.last)]
    end = min(_BEYOND * max(ends), experiment.longest) if ends else experiment.longest
    shown = [np.array([separation.LOW / 1e3])]
    for name, (colour, dashes) in experiment.looks().items():
        near = apart[name].loc[:end].where(lambda values: values > 0)
        shown += panel.draw_band(axes, near, colour, dashes)
    for fit in fits.values():
        if np.isfinite(fit.time):
            at = np.array([fit.first, fit.last])
            axes.plot(at, fit.at(at), zorder=3, **_FIT)
    for level in (separation.LOW, separation.HIGH):
        axes.axhline(level, **_WINDOW)
    axes.set_yscale("log")
    top = max((values[np.isfinite(values)].max(initial=0) for values in shown), default=1)
    axes.set_ylim(separation.LOW / 1e3, 3 * max(top, separation.HIGH))
    axes.set_ylabel(f"distance from replicate 0\nin ln of the {metrics.describe(METRIC).words}")
    axes.set_xlim(0, end)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.set_xlabel("iteration")


def draw_shares(axes: Axes, copies: pd.DataFrame, experiment: Shown) -> None:
    """Share of the copies that have diverged by each iteration, with its exact 95 % interval."""
    for name, (colour, dashes) in experiment.looks().items():
        of_run = copies[copies["run"] == name]
        fates = of_run.groupby("replicate")["diverged_at"].first().to_numpy()
        at, counts = diverged_by(fates, experiment.length(name))
        ends = np.array([shares.exact_interval(count, len(fates)) for count in counts])
        band = {"color": colour, "alpha": 0.15, "linewidth": 0, "step": "post"}
        axes.fill_between(at, *ends.T, **band)
        line = {"color": colour, "linestyle": dashes, "linewidth": 1.4}
        axes.step(at, counts / len(fates), where="post", **line)
        over_time.mark_decays(axes, experiment, name, colour)
    axes.set_ylabel("share of the copies diverged")
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlim(0, experiment.longest)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.set_xlabel("iteration")


def diverged_by(fates: np.ndarray, iterations: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the number of replicates that have diverged changes, with both ends, and the number.

    `fates`, (R,), are the iterations of divergence, -1 where there is none.
    """
    found, counts = np.unique(fates[fates >= 0], return_counts=True)
    at = np.concatenate([[0], found, [iterations]])
    return at, np.concatenate([[0], np.cumsum(counts), [counts.sum()]])


def draw_end_values(axes: Axes, table: pd.DataFrame, experiment: Shown, metric: str) -> None:
    """The last snapshot of each survivor, a column a run; the copies' median and 10-90 % range."""
    last = last_snapshots(table)
    for place, (name, (colour, _)) in enumerate(experiment.looks().items()):
        copies = last.loc[(last["run"] == name) & (last["replicate"] != 0), metric].dropna()
        ends = [place - 0.35, place + 0.35]
        if len(copies) >= panel.FEWEST:
            range_ = {"color": colour, "alpha": 0.2, "linewidth": 0}
            axes.fill_between(ends, *np.percentile(copies, (10, 90)), **range_)
    end_values.draw(axes, table, experiment, metric, without=(0,))


def _run_handles(
    copies: pd.DataFrame, fits: dict[str, separation.Growth], experiment: Shown
) -> list[Line2D]:
    """Legend entries of the runs, each with its Lyapunov time."""
    handles = legend.run_handles(legend.fates_in(copies), experiment)
    for handle, name in zip(handles, experiment.looks(), strict=True):
        time = fits[name].time
        said = f"Lyapunov time {time:.3g} iterations" if np.isfinite(time) else "no growth"
        handle.set_label(f"{handle.get_label()}\n{said}")
    return handles


def _handles(experiment: Shown, panels: list[str]) -> list:
    """Legend entries of the marks."""
    grey = {"color": style.GREY}
    return [
        Line2D([], [], label="median of the copies; share", **grey),
        Patch(alpha=0.25, linewidth=0, label="10 to 90 %; of a share, 95 % interval", **grey),
        Line2D([], [], label="fitted growth", **_FIT),
        Line2D([], [], label="window of the fit", **_WINDOW),
        Line2D([], [], linestyle=":", label="step size decays", **grey),
        *end_values.handles(experiment, panels, "a copy", "median of the copies that survive"),
    ]
