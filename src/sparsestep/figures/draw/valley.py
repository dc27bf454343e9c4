"""The loss surface of two tied weights, paths on it, and weights over time."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from sparsestep.figures.parts import legend, panel, style
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.parts.surface import END, GREYS
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.valley import Spec

_SHOWN_LOSSES = (1e-3, 1e1)
_POINTS = 200
_VALLEY = {"color": "black", "linewidth": 1, "linestyle": "--"}
_FLATTEST = {"marker": "*", "markersize": 14, "linestyle": ""}
_START = {"marker": "o", "markersize": 7, "linestyle": ""}
_HOLLOW = {"markerfacecolor": "none", "markeredgecolor": "black", "zorder": 5}
_BOLD = {"linewidth": 1.2, "zorder": 3}
_FAINT = {"linewidth": 0.4, "alpha": 0.35, "zorder": 2}


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """The loss surface with every replicate's path; the weights against the iteration."""
    experiment = experiments[figure.experiment]
    valley = Valley(sources, figure.experiment, experiment)
    page, axes = plt.subplots(
        1, 3, figsize=(10.5, 4.9), layout="constrained", width_ratios=(1.35, 1, 1)
    )
    page.suptitle(style.as_text(experiment.title), fontsize="medium")
    panel.add_letters(axes)
    valley.draw_surface(axes[0])
    valley.draw_weight(axes[1], 0)
    valley.draw_weight(axes[2], 1)
    runs = legend.run_handles(legend.fates_of(valley.trajectories), experiment)
    legend.add_legend(page, runs, handles())
    return page


class Valley:
    """Runs of h(x) = x_1 w_1^2 + x_2 w_2^2 on one sample."""

    def __init__(self, sources: Sources, name: str, experiment: Shown):
        problem = sources.problem(name)
        self._x, self._y = problem.x_train[0, 0], problem.y_train[0, 0]
        self._looks = experiment.looks()
        self.trajectories = {run: sources.trajectory(name, run) for run in experiment.runs}
        self._start = problem.of_replicate("theta0", 0)[:2]
        self._iterations = experiment.longest

    def flattest(self) -> np.ndarray:
        """The minimum with the smallest Hessian: all weight where the input is smallest, (2,).

        At a minimum the Hessian (in u and v) has the trace 2 sum_j x_j^2 w_j^2, the label noise's
        covariance is proportional to it, and sum_j x_j w_j^2 = y there.
        """
        place = np.argmin(self._x)
        return np.sqrt(self._y / self._x[place]) * (np.arange(2) == place)

    def draw_surface(self, axes: Axes) -> None:
        """Loss (1/2)(sum_j x_j w_j^2 - y)^2 in greys, its valley, and the paths."""
        extent = 1.25 * np.sqrt(self._y / self._x)
        w = [np.linspace(-0.1 * end, end, _POINTS) for end in extent]
        h = self._x[0] * w[0][None, :] ** 2 + self._x[1] * w[1][:, None] ** 2
        lowest, highest = _SHOWN_LOSSES
        image = axes.pcolormesh(
            *w,
            0.5 * (h - self._y) ** 2,
            norm=LogNorm(lowest, highest, clip=True),
            cmap=GREYS,
            shading="gouraud",
            rasterized=True,
        )
        bar = axes.figure.colorbar(image, ax=axes, pad=0.02, shrink=0.8)
        bar.set_label("training loss")
        axes.contour(*w, h, levels=[self._y], colors="black", linestyles="--", linewidths=1)
        # The first run on top: without noise, it is the shortest.
        for run, trajectory in reversed(self.trajectories.items()):
            colour, _ = self._looks[run]
            for row, path in enumerate(trajectory.parameters[..., :2]):
                axes.plot(*path.T, color=colour, **(_FAINT if row else _BOLD))
            axes.plot(*trajectory.parameters[0, -1, :2], color=colour, zorder=6, **END)
        axes.plot(*self.flattest(), **_FLATTEST, **_HOLLOW)
        axes.plot(*self._start, **_START, **_HOLLOW)
        axes.grid(False)
        axes.set(
            xlim=w[0][[0, -1]], ylim=w[1][[0, -1]], xlabel="$w_1 = u_1 = v_1$",
            ylabel="$w_2 = u_2 = v_2$",
        )  # fmt: skip

    def draw_weight(self, axes: Axes, coordinate: int) -> None:
        """w_1 or w_2 of every replicate against the iteration."""
        for run, trajectory in self.trajectories.items():
            colour, dashes = self._looks[run]
            for row, path in enumerate(trajectory.parameters[..., coordinate]):
                look = _FAINT if row else {**_BOLD, "linestyle": dashes}
                axes.plot(trajectory.iterations, path, color=colour, **look)
        axes.axhline(self.flattest()[coordinate], color="black", linewidth=1, linestyle=":")
        axes.set(xlim=(0, self._iterations), xlabel="iteration", ylabel=f"$w_{coordinate + 1}$")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))


def handles() -> list[Line2D]:
    """Legend entries of all marks."""
    return [
        Line2D([], [], label="(a) valley of zero loss", **_VALLEY),
        Line2D([], [], label="start", **_START, **_HOLLOW),
        Line2D([], [], label="flattest and sparsest minimum", **_FLATTEST, **_HOLLOW),
        Line2D([], [], label="(b, c) its coordinate", color="black", linewidth=1, linestyle=":"),
        Line2D([], [], label="replicate 0", color=style.GREY, **_BOLD),
        Line2D([], [], label="the other replicates", color=style.GREY, **_FAINT),
        Line2D([], [], label="end of replicate 0", color=style.GREY, **END),
    ]
