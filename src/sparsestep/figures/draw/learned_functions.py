"""Learned functions of one input."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sparsestep.artifacts.arrays import Trajectory
from sparsestep.figures.parts import legend, panel, style
from sparsestep.figures.parts.grid import open_page
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.learned_functions import Spec
from sparsestep.models import mlp

_PANEL_INCHES = (3.0, 2.2)
# How far beyond the training points, as a part of their range; kinks stand out at this many x.
_MARGIN, _POINTS = 0.08, 600
_THIN = {"linewidth": 0.4, "alpha": 0.3, "zorder": 1.5}
_DATA = {"marker": "o", "linestyle": "", "markersize": 3.5, "color": "black"}


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """Replicate 0 of every run over the training points, the other survivors thin behind it."""
    experiment = experiments[figure.experiment]
    title, count = style.as_text(experiment.title), len(figure.iterations)
    page, panels = open_page(title, count, figure.columns, _PANEL_INCHES, below=1.5, shared=True)
    functions = Functions(sources, figure.experiment, experiment)
    for axes, asked in zip(panels, figure.iterations, strict=True):
        functions.draw(axes, asked)
    panel.add_letters(panels)
    runs = legend.run_handles(legend.fates_of(functions.trajectories), experiment)
    legend.add_legend(page, runs, handles())
    return page


class Functions:
    """h(x) of all runs of an experiment, between and a little beyond the training points."""

    def __init__(self, sources: Sources, experiment: str, shown: Shown):
        self._looks = shown.looks()
        problem = sources.problem(experiment)
        self._x_train = problem.of_replicate("x_train", 0)[:, 0]
        self._y_train = problem.of_replicate("y_train", 0)
        # Data of its own would have nothing to do with the points that are shown.
        self._same_data = len(problem.x_train) == 1
        self._network = mlp.Network(mlp.Spec(**problem.spec["model"]), 1)
        low, high = self._x_train.min(), self._x_train.max()
        margin = _MARGIN * (high - low or 1.0)
        self._x = np.linspace(low - margin, high + margin, _POINTS)
        self.trajectories = {run: sources.trajectory(experiment, run) for run in self._looks}

    def draw(self, axes: Axes, asked: int) -> None:
        """All runs at the snapshot nearest to the iteration `asked`."""
        shown = set()
        for run, (colour, dashes) in self._looks.items():
            trajectory = self.trajectories[run]
            iteration, values = self._at(trajectory, asked)
            others = (trajectory.diverged_at < 0) & self._same_data
            axes.plot(self._x, values[1:][others[1:]].T, color=colour, **_THIN)
            axes.plot(self._x, values[0], color=colour, linestyle=dashes, linewidth=1.5)
            shown.add(iteration)
        # Runs may have snapshots of their own.
        first, last = min(shown), max(shown)
        title = f"iteration {first}" if first == last else f"iterations {first} to {last}"
        axes.set_title(title, fontsize="medium")
        axes.plot(self._x_train, self._y_train, **_DATA)
        axes.set(xlabel="$x$", ylabel="$h(x)$")
        axes.label_outer()
        # A network far off, as some are at first, would flatten the others.
        low, high = self._y_train.min(), self._y_train.max()
        margin = 0.5 * (high - low or 1.0)
        axes.set_ylim(low - margin, high + margin)

    def _at(self, trajectory: Trajectory, asked: int) -> tuple[int, np.ndarray]:
        """Iteration of the nearest snapshot, and h(x), (R, 600), NaN of what has diverged."""
        nearest = np.abs(trajectory.iterations - asked).argmin()
        theta = trajectory.parameters[:, nearest]
        return trajectory.iterations[nearest], self._network.predict(theta, self._x[:, None])


def handles() -> list[Line2D]:
    """Legend entries of what `Functions.draw` draws."""
    return [
        Line2D([], [], label="training points", **_DATA),
        Line2D([], [], color=style.GREY, linewidth=1.5, label="replicate 0"),
        Line2D([], [], color=style.GREY, label="the other survivors", **_THIN),
    ]
