"""Panels that compare SGD with full-batch descent on noisy labels."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from sparsestep import metrics
from sparsestep.figures.parts import legend, panel, style
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.label_noise import Spec

_PANEL_INCHES = (3.1, 2.4)
_APART, _STEP = "#595959", "#6A3D9A"
_EPSILON = np.finfo(float).eps


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """Training loss of both runs above, how far apart they are below."""
    columns = len(figure.networks)
    width, height = _PANEL_INCHES
    size = (max(columns, 2) * width, 2 * height + 1.5)
    options = {"layout": "constrained", "squeeze": False, "sharex": "col", "sharey": "row"}
    page, grid = plt.subplots(2, columns, figsize=size, **options)
    for name, (above, below) in zip(figure.networks, grid.T, strict=True):
        pair = Pair(sources, figure, name, experiments[name])
        above.set_title(style.as_text(experiments[name].title, 28), fontsize="small")
        pair.draw_losses(above)
        pair.draw_differences(below)
    panel.add_letters(grid.flat)
    first = experiments[figure.networks[0]]
    legend.add_legend(
        page,
        run_handles(figure, first),
        handles(),
        titles=("upper row", "lower row"),
    )
    return page


class Pair:
    """Both runs of one experiment."""

    def __init__(self, sources: Sources, figure: Spec, name: str, experiment: Shown):
        self._experiment = experiment.only(figure.runs)
        self.trajectories = {run: sources.trajectory(name, run) for run in figure.runs}
        table = sources.tables[name]
        self._table = table[table["run"].isin(figure.runs)]

    def draw_losses(self, axes: Axes) -> None:
        """Training loss of replicate 0 under both."""
        looks = self._experiment.looks()
        for run, width, dashes in zip(
            self.trajectories, (1.8, 1.0), ("-", (0, (4, 3))), strict=True
        ):
            of_run = self._table[self._table["run"] == run]
            values = of_run.pivot(index="iteration", columns="replicate", values="train_loss")
            line = {"color": looks[run][0], "linewidth": width, "linestyle": dashes}
            # A divergence would leave no room for anything else.
            values = values.where(values < 10 * values.iloc[0].max())
            axes.plot(values.index, values.iloc[:, 0], **line)
        axes.set(yscale="log", ylabel=metrics.describe("train_loss").label)
        axes.set_xlim(0, max(self._experiment.longest, 1))
        axes.label_outer()

    def draw_differences(self, axes: Axes) -> None:
        """||theta_SGD - theta_labels|| / ||theta_SGD|| of every replicate, and a step's gap."""
        first, second = self.trajectories.values()
        size = np.linalg.norm(first.parameters, axis=2)
        with np.errstate(invalid="ignore", over="ignore"):
            apart = np.linalg.norm(first.parameters - second.parameters, axis=2) / size
        # On a logarithmic axis, no difference at all stands at the bottom.
        apart = np.maximum(apart, _EPSILON / 100)
        axes.plot(first.iterations, apart.T, color=_APART, linewidth=0.7, alpha=0.6)
        ends = [row[np.isfinite(row)][-1] for row in apart]
        for at, end in zip(_diverged(first, second), ends, strict=True):
            if at >= 0:
                axes.plot([at], [end], "x", color=_APART, markersize=5, zorder=3)
        gap = self._table.groupby("iteration")["label_noise_gap"].max()
        axes.plot(gap.index, np.maximum(gap, _EPSILON / 100), color=_STEP, linewidth=1)
        axes.axhline(_EPSILON, color=style.GREY, linestyle=":", linewidth=1)
        axes.set(yscale="log", ylim=(_EPSILON / 100, 1e2))
        axes.set(xlabel="iteration", ylabel="relative difference")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        axes.label_outer()


def run_handles(figure: Spec, experiment: Shown) -> list[Line2D]:
    """Legend entries of the upper row."""
    looks = experiment.looks()
    words = ("SGD", "full-batch descent on the labels that Prop. 2.1 says")
    return [
        Line2D([], [], color=looks[run][0], linewidth=width, linestyle=dashes, label=text)
        for run, text, width, dashes in zip(
            figure.runs, words, (1.8, 1.0), ("-", (0, (4, 3))), strict=True
        )
    ]


def handles() -> list[Line2D]:
    """Legend entries of the lower row."""
    return [
        Line2D(
            [], [], color=_APART, linewidth=0.7, label="the runs so far apart, a line a replicate"
        ),
        Line2D([], [], color=_APART, marker="x", linestyle="", label="one of the two diverges"),
        Line2D([], [], color=_STEP, label="a single step from the same point, largest of all"),
        Line2D([], [], color=style.GREY, linestyle=":", label="float64 epsilon"),
    ]


def _diverged(first, second) -> np.ndarray:
    """(R,), when the first of both diverged, -1 where none did."""
    fates = np.stack([first.diverged_at, second.diverged_at]).astype(float)
    earliest = np.where(fates < 0, np.inf, fates).min(axis=0)
    return np.where(np.isfinite(earliest), earliest, -1)
