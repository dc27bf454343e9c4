"""Neurons of a two-layer network as points in the plane of its inputs."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sparsestep.figures.parts import legend, panel, style
from sparsestep.figures.parts.grid import open_page
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.neurons import Spec
from sparsestep.models import mlp

_PANEL_INCHES = (2.8, 2.8)
# By the sign of the output weight.
_MARKERS = {1: "^", -1: "v"}
_BEFORE = {"marker": "o", "markersize": 3, "linestyle": "", "markerfacecolor": "none"}
_STEM = {"linewidth": 0.6, "zorder": 1.8}
_AFTER = {"markersize": 5, "linestyle": "", "markeredgecolor": "black", "markeredgewidth": 0.5}
_OTHERS = {"markersize": 3, "linestyle": "", "alpha": 0.35, "markeredgewidth": 0}
_TEACHER = {"color": "black", "markersize": 10, "markerfacecolor": "none", "linestyle": ""}
_RAY = {"color": "black", "linewidth": 0.8, "linestyle": (0, (5, 3))}


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """Replicate 0's neurons before and after training, the other survivors' faint behind them."""
    experiment = experiments[figure.experiment]
    neurons = Neurons(sources, figure.experiment, experiment)
    title, count = style.as_text(experiment.title), len(neurons.runs)
    page, panels = open_page(title, count, figure.columns, _PANEL_INCHES, below=1.9, shared=True)
    for axes, run in zip(panels, neurons.runs, strict=True):
        neurons.draw(axes, run)
    panel.add_letters(panels)
    runs = legend.run_handles(legend.fates_of(neurons.trajectories), experiment, marker="^")
    legend.add_legend(page, runs, handles())
    return page


class Neurons:
    """w_j |a_j| of the runs of an experiment, h(x) = sum_j a_j relu(<w_j, x>), and the teacher's.

    relu(<w_j |a_j|, x>) with the sign of a_j is what unit j adds to h, whatever its scale is.
    """

    def __init__(self, sources: Sources, experiment: str, shown: Shown):
        self._looks = shown.looks()
        self.runs = list(self._looks)
        self.trajectories = {run: sources.trajectory(experiment, run) for run in self.runs}
        problem = sources.problem(experiment)
        self._network = mlp.Network(mlp.Spec(**problem.spec["model"]), 2)
        self._teacher = teacher_neurons(problem.spec, problem.of_replicate("teacher", 0))
        # Others than replicate 0 belong into its panel only if they learn from the same teacher.
        self._same_teacher = len(problem.truth["teacher"]) == 1
        self._limit = 1.1 * self._largest()

    def draw(self, axes: Axes, run: str) -> None:
        """A run's neurons at the start and at the last snapshot, and the teacher's."""
        colour, _ = self._looks[run]
        trajectory = self.trajectories[run]
        start, end = trajectory.parameters[:, 0], trajectory.parameters[:, -1]
        points, signs = neurons(self._network, end)
        teacher_points, teacher_signs = self._teacher
        for point in teacher_points:
            x, y = 2 * self._limit * point / np.linalg.norm(point)
            axes.plot([0, x], [0, y], zorder=1, **_RAY)
        others = (trajectory.diverged_at < 0) & self._same_teacher
        others[0] = False
        for sign, marker in _MARKERS.items():
            of_sign = points[others][signs[others] == sign]
            axes.plot(*of_sign.T, marker, color=colour, **_OTHERS)
        axes.plot(*self._network.layers(start)[0][0][0].T, color=style.GREY, **_BEFORE)
        for x, y in points[0]:
            axes.plot([0, x], [0, y], color=colour, **_STEM)
        for sign, marker in _MARKERS.items():
            axes.plot(*points[0][signs[0] == sign].T, marker, color=colour, **_AFTER)
            axes.plot(*teacher_points[teacher_signs == sign].T, marker, **_TEACHER)
        axes.set_title(run, fontsize="medium")
        if trajectory.diverged_at[0] >= 0:
            text = f"replicate 0 diverges at {trajectory.diverged_at[0]}"
            axes.text(0.03, 0.03, text, transform=axes.transAxes, fontsize="small")
        limits = (-self._limit, self._limit)
        axes.set(xlim=limits, ylim=limits, aspect="equal")
        axes.set(xlabel="first coordinate", ylabel="second coordinate")
        axes.label_outer()

    def _largest(self) -> float:
        """Largest coordinate of what is drawn of replicate 0 and of the teacher."""
        drawn = [np.abs(self._teacher[0]).max()]
        for trajectory in self.trajectories.values():
            theta = trajectory.parameters[0]
            drawn.append(np.abs(self._network.layers(theta[0])[0][0]).max())
            points, _ = neurons(self._network, theta[-1])
            drawn.append(np.abs(points).max() if np.isfinite(points).all() else 0.0)
        return max(drawn)


def neurons(network: mlp.Network, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """w_j |a_j|, (..., m, 2), and the sign of a_j, (..., m), of parameters (..., P)."""
    (weight, _), (output, _) = network.layers(theta)
    output = output[..., 0, :]
    return weight * np.abs(output)[..., None], np.sign(output)


def teacher_neurons(spec: dict, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same of the teacher of a problem with this spec and these parameters, (P,)."""
    widths = spec["problem"]["teacher_widths"]
    biases = [spec["problem"]["teacher_biases"]] * (len(widths) + 1)
    teacher = mlp.Spec(kind="mlp", widths=widths, biases=biases, weight_scales=[1.0] * len(biases))
    return neurons(mlp.Network(teacher, spec["problem"]["dimension"]), theta)


def handles() -> list[Line2D]:
    """Legend entries of what `Neurons.draw` draws."""
    signs = {1: "a_j > 0", -1: "a_j < 0"}
    after = [
        Line2D(
            [], [], color=style.GREY, marker=marker, **_AFTER, label=f"after: $w_j |a_j|$, ${sign}$"
        )
        for marker, sign in zip(_MARKERS.values(), signs.values(), strict=True)
    ]
    return [
        Line2D([], [], color=style.GREY, label="before training: $w_j$", **_BEFORE),
        *after,
        Line2D([], [], color=style.GREY, marker="^", label="after: the other survivors", **_OTHERS),
        Line2D([], [], marker="^", label="teacher's neurons", **_TEACHER),
        Line2D([], [], label="their directions", **_RAY),
    ]
