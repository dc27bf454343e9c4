"""Filters of a network on images as pictures."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from torch import nn

from sparsestep.artifacts.arrays import Trajectory
from sparsestep.figures.parts import legend, panel, style
from sparsestep.figures.parts.grid import open_page
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.filters import Spec
from sparsestep.images.networks import initial as image_networks
from sparsestep.images.networks import state
from sparsestep.images.problem import Spec as Problem

_PANEL_INCHES = (2.3, 2.3)
# Of the norm of the largest filter: one that has no more has vanished.
VANISHED = 0.01
# Pixels of a weight, so many that no program blurs it, and between two filters.
_PIXELS, _GAP = 8, 4
_MINUS = "\N{MINUS SIGN}"


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """Filters sorted by norm, in one scale for all panels, and how many have next to no weight."""
    experiment = experiments[figure.experiment]
    experiment = experiment.only(figure.runs or experiment.runs)
    filters = Filters(sources, figure.experiment, experiment, figure.initial)
    drawn = [None, *filters.runs] if figure.initial else filters.runs
    title = style.as_text(experiment.title)
    page, panels = open_page(title, len(drawn), figure.columns, _PANEL_INCHES, below=1.5, least=3)
    for axes, run in zip(panels, drawn, strict=True):
        filters.draw(axes, run)
    panel.add_letters(panels)
    legend.add_legend(
        page, filters.run_handles(), filters.scale_handles(), titles=("run", "weight")
    )
    return page


class Filters:
    """The first convolution of replicate 0 of the runs of an experiment that are shown.

    All panels share one scale: the weight w is the grey level (or, in each of three channels, the
    level of red, green and blue) 1/2 + w / (2 m), m the largest abs(w) in any panel.
    """

    def __init__(self, sources: Sources, experiment: str, shown: Shown, initial: bool):
        self._looks, self._shown = shown.looks(), shown
        self.runs = list(self._looks)
        trajectories = {run: sources.trajectory(experiment, run) for run in self.runs}
        self._diverged_at = {run: of.diverged_at[0] for run, of in trajectories.items()}
        self._filters = {
            run: first_filters(trajectory, -1)
            for run, trajectory in trajectories.items()
            if self._diverged_at[run] < 0
        }
        # Runs share initial parameters.
        if initial:
            self._filters[None] = first_filters(trajectories[self.runs[0]], 0)
        largest = max((np.abs(each).max() for each in self._filters.values()), default=0.0)
        # Where nothing is to be seen, any scale will do.
        self._largest = float(largest) or 1.0

    def draw(self, axes: Axes, run: str | None) -> None:
        """A run's filters, the largest norm first, row by row; None: before training.

        The title counts those that have vanished.
        """
        colour, name = style.GREY if run is None else self._looks[run][0], run or "before training"
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, color=colour, linewidth=2)
        if run not in self._filters:
            at = self._shown.in_time_unit(self._diverged_at[run])
            text = f"replicate 0 diverges\nat {self._shown.time_unit} {at:.4g}"
            axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
            axes.set(aspect="equal", title=name)
            return
        filters = self._filters[run]
        count = f"{vanished(filters)} of {len(filters)} vanish"
        axes.set_title(f"{name}\n{count}")
        # 0 is black, 1 is white.
        axes.imshow(mosaic(0.5 + filters / (2 * self._largest)), interpolation="none")

    def run_handles(self) -> list[Patch]:
        """Legend entries of the runs; whether other replicates diverge, these files do not say."""
        return [
            Patch(
                facecolor="none",
                edgecolor=colour,
                linewidth=2,
                label=f"{run}: {self._shown.label(run)}",
            )
            for run, (colour, _) in self._looks.items()
        ]

    def scale_handles(self) -> list[Patch]:
        """Legend entries of the grey levels."""
        levels = {"1": self._largest, "0.5": 0.0, "0": -self._largest}
        return [
            Patch(facecolor=level, edgecolor=style.GREY, label=f"{weight:.3g}".replace("-", _MINUS))
            for level, weight in levels.items()
        ]


def first_filters(trajectory: Trajectory, snapshot: int) -> np.ndarray:
    """The first convolution of the first replicate, (filters, channels, k, k), by falling norm."""
    problem, model = Problem(**trajectory.spec["problem"]), trajectory.spec["model"]
    network = image_networks.from_spec(model, problem.facts.channels, problem.facts.classes)
    state.load(network, trajectory.parameters[0, snapshot])
    first = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    filters = first.weight.detach().numpy()
    return filters[np.argsort(-norms(filters), kind="stable")]


def norms(filters: np.ndarray) -> np.ndarray:
    """Euclidean norm of each filter, over all channels."""
    return np.linalg.norm(filters.reshape(len(filters), -1), axis=1)


def vanished(filters: np.ndarray) -> int:
    """How many have a norm of at most `VANISHED` times the largest of them."""
    sizes = norms(filters)
    return int(np.sum(sizes <= VANISHED * sizes.max()))


def mosaic(levels: np.ndarray) -> np.ndarray:
    """Picture, (height, width, 3), of filters (f, channels, k, k) with levels in [0, 1].

    Row by row, in a square or nearly; three channels are red, green and blue, of another number the
    mean is shown as grey. Gaps between the filters, and what follows the last, are white.
    """
    count, channels, size, _ = levels.shape
    if channels != 3:
        levels = np.repeat(levels.mean(axis=1, keepdims=True), 3, axis=1)
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    side = _PIXELS * size + _GAP
    picture = np.ones((rows * side + _GAP, columns * side + _GAP, 3))
    for number, level in enumerate(levels):
        top, left = (_GAP + side * place for place in divmod(number, columns))
        pixels = level.transpose(1, 2, 0).repeat(_PIXELS, axis=0).repeat(_PIXELS, axis=1)
        picture[top : top + side - _GAP, left : left + side - _GAP] = pixels
    return picture
