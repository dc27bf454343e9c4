"""A metric against the iteration or epoch, run by run."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from sparsestep.figures.parts import panel, published, style
from sparsestep.figures.parts.shown import Shown

# Times the loss at the start; the axis of a loss ends there.
_FAR_OFF = 1e3
_DRAWN_STEP_SIZES = 300
# Columns of a table of measurements.
_TIMES = ("iteration", "diverged_at")
_SINGLE = {"linewidth": 0.5, "alpha": 0.8}
_STABLE = {"linestyle": (0, (5, 3, 1, 3)), "linewidth": 0.8, "alpha": 0.8}


def draw(axes: Axes, table: pd.DataFrame, experiment: Shown, metric: str) -> None:
    """A metric against the iteration or epoch: per run the survivors' median and 10-90 % band.

    Of fewer than six survivors each is a thin line instead of a band. Replicate 0 is one always,
    until it diverges; a dotted line marks each decay of a step size. A
    cross above the panel marks each iteration at which a replicate diverged, one row a run: until
    the first decay, runs of the same large step are the same. A star at the last snapshot is a
    published end value. A panel of the sharpness also shows 2 / step size, above which gradient
    descent on a quadratic is not stable. The vertical axis fits stars, bands and surviving
    replicates 0, the latter below 1000 times the loss at the start; what leaves it is cut off.
    Where the experiment has epochs, it has few snapshots: dots show where they are, and step sizes
    are those of the schedule, between snapshots too.
    """
    times = {name: experiment.in_time_unit(table[name]) for name in _TIMES}
    table, shown = table.assign(**times), [np.empty(0)]
    for row, name in enumerate(experiment.looks()):
        of_run = table[table["run"] == name]
        shown += _draw_run(axes, of_run, experiment, name, metric)
        colour, _ = experiment.looks()[name]
        mark_decays(axes, experiment, name, colour)
        _mark_divergences(axes, of_run, 1.02 + 0.035 * row, colour)
    shown = np.concatenate(shown)
    if metric.endswith("_loss"):
        # Some get very far on the way to infinity and return, as networks of dead units.
        first = table.groupby(["run", "replicate"])[metric].first()
        shown = shown[shown <= _FAR_OFF * first.max()]
    stars = published.values(experiment, metric)
    for name, value in stars.items():
        last = table.loc[table["run"] == name, "iteration"].max()
        published.draw(axes, last, value, experiment.looks()[name][0])
    panel.set_value_axis(axes, metric, np.append(shown, list(stars.values())))
    axes.set_xlabel(experiment.time_unit)
    axes.set_xlim(0, max(experiment.in_time_unit(experiment.longest), 1))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))


def _draw_run(
    axes: Axes, of_run: pd.DataFrame, experiment: Shown, name: str, metric: str
) -> list[np.ndarray]:
    """What `draw` draws of a run within the panel; values that must be in sight."""
    (colour, dashes), few = experiment.looks()[name], experiment.has_few_snapshots
    if metric == "step_size" and few:
        eta = _step_sizes(of_run, experiment, name)
        axes.plot(eta.index, eta, color=colour, linestyle=dashes, linewidth=1.4)
        return [eta.to_numpy()]
    values = of_run.pivot(index="iteration", columns="replicate", values=metric)
    survived = of_run.groupby("replicate")["diverged_at"].first() < 0
    shown = panel.draw_band(axes, values.loc[:, survived], colour, dashes, "." if few else None)
    single = [0] if 0 in values else []
    if survived.sum() < panel.FEWEST:
        single += [name for name in values if survived[name] and name != 0]
    for replicate in single:
        axes.plot(values.index, values[replicate], color=colour, zorder=1.5, **_SINGLE)
    if 0 in values and survived[0]:
        shown.append(values[0].to_numpy())
    if metric == "sharpness" and (few or "step_size" in of_run):
        eta = _step_sizes(of_run, experiment, name)
        axes.plot(eta.index, 2 / eta, color=colour, **_STABLE)
    return shown


def _step_sizes(of_run: pd.DataFrame, experiment: Shown, name: str) -> pd.Series:
    """The median at every snapshot; where these are few, what the schedule says, by time."""
    if not experiment.has_few_snapshots:
        return of_run.groupby("iteration")["step_size"].median()
    eta = experiment.step_sizes(name)
    decays = np.array(experiment.decays(name), dtype=int)
    grid = np.linspace(0, len(eta) - 1, _DRAWN_STEP_SIZES).round().astype(int)
    at = np.unique(np.concatenate([grid, decays - 1, decays]))
    at = at[at < len(eta)]
    return pd.Series(eta[at], index=experiment.in_time_unit(at))


def mark_decays(axes: Axes, experiment: Shown, name: str, colour: str) -> None:
    """A dotted line where the step size of the run of this name decays."""
    for decay in experiment.decays(name):
        at = experiment.in_time_unit(decay)
        axes.axvline(at, color=colour, linestyle=":", linewidth=1)


def _mark_divergences(axes: Axes, of_run: pd.DataFrame, height: float, colour: str) -> None:
    """Crosses at `height`, in which 0 and 1 are the panel's lower and upper edge."""
    fate = of_run.groupby("replicate")["diverged_at"].first()
    crosses = axes.plot(fate[fate >= 0], np.full((fate >= 0).sum(), height), "x", color=colour)[0]
    crosses.set(markersize=3.5, transform=axes.get_xaxis_transform(), clip_on=False)
    # The layout engine would take the height for a data value.
    crosses.set_in_layout(False)


def handles(metrics: list[str], experiment: Shown, fates: dict[str, np.ndarray]) -> list:
    """Legend entries of what `draw` draws of these metrics beside the medians.

    `fates` say of every run when each replicate diverged (`legend.fates_in`): which runs have a
    band depends on how many survive.
    """
    survivors = [int((fates[run] < 0).sum()) for run in experiment.shown]
    single = "replicate 0"
    if any(0 < count < panel.FEWEST for count in survivors):
        single += "; each survivor, where these are fewer than six"
    median = {"label": "median of the survivors"}
    if experiment.has_few_snapshots:
        median = {"marker": ".", "label": "median of the survivors; a dot is a snapshot"}
    stable = Line2D([], [], color=style.GREY, label=r"$2 / \eta$ (sharpness)", **_STABLE)
    band = Patch(color=style.GREY, alpha=0.25, linewidth=0, label="10 to 90 % of the survivors")
    return [
        Line2D([], [], color=style.GREY, **median),
        *([band] if max(survivors) >= panel.FEWEST else []),
        Line2D([], [], color=style.GREY, linewidth=0.5, label=single),
        Line2D([], [], color=style.GREY, linestyle=":", label="step size decays"),
        Line2D([], [], color=style.GREY, marker="x", linestyle="", label="a replicate diverges"),
        *([stable] if "sharpness" in metrics else []),
        *published.handles(experiment, metrics),
    ]
