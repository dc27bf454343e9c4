"""The loss surface's slice, paths on it, and their training loss."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.lines import Line2D

from sparsestep.artifacts.arrays import Trajectory
from sparsestep.figures.parts import loss_slice, style
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.loss_surface import LossSlice
from sparsestep.measures import losses
from sparsestep.models import diagonal

# Training losses beyond are drawn like these; the upper one is the published limit.
_SHOWN_LOSSES = (1e-3, 1e2)
# Greys, so that the runs keep their colours: low losses are light.
GREYS = LinearSegmentedColormap.from_list("light_valley", ["#ffffff", "#8a8a8a", "#5a5a5a"])
_BAR = {"pad": 0.02, "shrink": 0.8}
_POINTS = {
    "start": (r"start $w_\mathrm{init}$", {"marker": "o", "markersize": 7}),
    "solution": (r"sparse solution $w^*$", {"marker": "*", "markersize": 14}),
    "flow": (r"end of gradient flow $w_\mathrm{flow}$", {"marker": "s", "markersize": 7}),
}
# Hollow, because paths begin and end there.
_POINT = {"linestyle": "", "markerfacecolor": "none", "markeredgecolor": "black", "zorder": 5}
PATH = {"linewidth": 0.5, "marker": "o", "markersize": 2.2, "markeredgewidth": 0}
DECAY = {"marker": "X", "markersize": 9.5, "linestyle": "", "markeredgecolor": "white"}
END = {"marker": "D", "markersize": 3.5, "linestyle": "", "markeredgecolor": "black"}


class Surface:
    """Replicate 0's loss surface around the points of a figure's slice."""

    def __init__(self, sources: Sources, figure: LossSlice):
        self.fold = figure.fold
        self.problem = sources.problem(figure.experiment)
        runs = dict.fromkeys([figure.flow, *figure.runs])
        self.trajectories = {run: sources.trajectory(figure.experiment, run) for run in runs}
        spec = diagonal.Spec(**self.problem.spec["model"])
        self.network = diagonal.Network(spec, self.problem.x_train.shape[-1])
        self.points = {
            "start": self.problem.of_replicate("theta0", 0),
            "solution": loss_slice.sparse_solution(self.problem.of_replicate("beta_star", 0)),
            "flow": self.trajectories[figure.flow].parameters[0, -1],
        }
        self.plane = loss_slice.slice_through(**self.points)

    def draw(self, axes: Axes) -> None:
        """Training loss in greys, its colour bar, and the three points that span the slice."""
        axes.set_xlabel(r"$a$, from $w_\mathrm{init}$ towards $w^*$")
        axes.set_ylabel(r"$b$, orthogonal to it, towards $w_\mathrm{flow}$")
        axes.grid(False)
        # A path on its way to infinity does not take the axes with it.
        low, high = loss_slice.COEFFICIENTS[[0, -1]]
        axes.set(xlim=(low, high), ylim=(low, high), autoscale_on=False)
        if self.plane is None:
            axes.text((low + high) / 2, 1, "the end of gradient flow spans no slice", ha="center")
            return
        values = loss_slice.grid_losses(self.network, self.plane, self.problem)
        lowest, highest = _SHOWN_LOSSES
        # A pixel's middle is where its loss was computed.
        half = (high - low) / (len(values) - 1) / 2
        image = axes.imshow(
            values,
            norm=LogNorm(lowest, np.clip(values.max(), 10 * lowest, highest), clip=True),
            cmap=GREYS,
            origin="lower",
            extent=(low - half, high + half, low - half, high + half),
            interpolation="bilinear",
        )
        bar = axes.figure.colorbar(image, ax=axes, pad=0.02, shrink=0.8)
        bar.set_label("training loss on the slice")
        for name, point in self.points.items():
            axes.plot(*self.plane.coefficients(point), **_POINTS[name][1], **_POINT)

    def path(self, run: str) -> np.ndarray:
        """Coefficients of replicate 0's folded and projected snapshots, (2, S)."""
        parameters = self.trajectories[run].parameters[0]
        if self.plane is None:
            return np.full((2, len(parameters)), np.nan)
        return np.stack(self.plane.coefficients(loss_slice.folded(parameters, self.fold)))

    def draw_path(self, axes: Axes, run: str, experiment: Shown) -> None:
        """A run's projected path, with a cross just before its step size decays, and its end."""
        colour, _ = experiment.looks()[run]
        path = self.path(run)
        axes.plot(*path, color=colour, zorder=3, **PATH)
        at = decay_snapshots(self.trajectories[run], experiment.decays(run))
        axes.plot(*path[:, at], color=colour, zorder=4, **DECAY)
        axes.plot(*path[:, -1:], color=colour, zorder=4, **END)

    def losses(self) -> pd.DataFrame:
        """Training loss of all replicates of the runs, as a measurement table with `run`."""
        tables = []
        for run, trajectory in self.trajectories.items():
            options = losses.Spec()
            values = losses.measure(self.problem, trajectory, self.network, options, threads=1)
            count, snapshots = values["train_loss"].shape
            columns = {
                "run": run,
                "replicate": np.repeat(np.arange(count), snapshots),
                "iteration": np.tile(trajectory.iterations, count),
                "diverged_at": np.repeat(trajectory.diverged_at, snapshots),
                "train_loss": values["train_loss"].ravel(),
            }
            tables.append(pd.DataFrame(columns))
        return pd.concat(tables, ignore_index=True)


def decay_snapshots(trajectory: Trajectory, decays: list[int]) -> np.ndarray:
    """Numbers of the last snapshots that only larger steps led to."""
    # The snapshot at the decay's own iteration is from before that update.
    return np.searchsorted(trajectory.iterations, decays, side="right") - 1


def point_handles() -> list[Line2D]:
    """Legend entries of the points that span the slice."""
    return [Line2D([], [], label=label, **look, **_POINT) for label, look in _POINTS.values()]


def handles() -> list[Line2D]:
    """Legend entries of what stands on the surface."""
    return [
        *point_handles(),
        Line2D([], [], color=style.GREY, label="path of replicate 0, a dot a snapshot", **PATH),
        Line2D([], [], color=style.GREY, label="just before its step size decays", **DECAY),
        Line2D([], [], color=style.GREY, label="its end", **END),
    ]
