"""Moving parts of the animation of the loss surface."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sparsestep.figures.parts import over_time, panel, style
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.parts.surface import DECAY, END, PATH, Surface, decay_snapshots

_FRAMES = 60


class GrowingPaths:
    """Replicate 0's paths on the slice and their losses, up to a snapshot.

    Attributes:
        moving: the artists that `show` changes.
        frames: numbers that `show` takes.
    """

    def __init__(self, left: Axes, right: Axes, surface: Surface, experiment: Shown):
        self._runs = list(experiment.looks())
        self._iterations = surface.trajectories[self._runs[0]].iterations
        # Snapshots are dense at the start, where the paths are fast.
        count = min(_FRAMES, len(self._iterations))
        self._last = np.round(np.linspace(0, len(self._iterations) - 1, count)).astype(int)
        self.frames = len(self._last)
        table = surface.losses()
        published = table[table["replicate"] == 0].set_index("run")["train_loss"]
        self._losses = {run: published[run].to_numpy() for run in self._runs}
        self._paths = {run: surface.path(run) for run in self._runs}
        self._decays = {
            run: decay_snapshots(surface.trajectories[run], experiment.decays(run))
            for run in self._runs
        }
        self._lines = {
            run: self._make_lines(left, right, colour, dashes)
            for run, (colour, dashes) in experiment.looks().items()
        }
        self._counter = right.text(0.03, 0.04, "", transform=right.transAxes)
        self._set_axes(right, experiment)

    @property
    def moving(self) -> list[Artist]:
        """The artists that `show` changes, lowest first."""
        return [*(line for lines in self._lines.values() for line in lines), self._counter]

    def show(self, frame: int) -> None:
        """Paths and losses up to the last snapshot of this frame."""
        last = self._last[frame]
        for run, (path, decay, end, loss, loss_end) in self._lines.items():
            shown = self._paths[run][:, : last + 1]
            decays = self._decays[run]
            path.set_data(*shown)
            decay.set_data(*self._paths[run][:, decays[decays < last]])
            end.set_data(*shown[:, -1:])
            loss.set_data(self._iterations[: last + 1] + 1, self._losses[run][: last + 1])
            loss_end.set_data(self._iterations[[last]] + 1, self._losses[run][[last]])
        self._counter.set_text(f"iteration {self._iterations[last]}")

    def _make_lines(self, left: Axes, right: Axes, colour: str, dashes) -> list[Line2D]:
        """Path, decays, end; loss and its end."""
        look = {"color": colour}
        return [
            *left.plot([], [], zorder=3, **look, **PATH),
            *left.plot([], [], zorder=4, **look, **DECAY),
            *left.plot([], [], zorder=4, **look, **END),
            *right.plot([], [], linestyle=dashes, linewidth=1.2, **look),
            *right.plot([], [], zorder=4, **look, **END),
        ]

    def _set_axes(self, axes: Axes, experiment: Shown) -> None:
        panel.set_value_axis(axes, "train_loss", np.concatenate(list(self._losses.values())))
        # Logarithmic, as fast at the start as the frames are; from 1, because 0 has no place on it.
        axes.set_xscale("log")
        axes.set_xlim(1, experiment.iterations)
        axes.set_xlabel("iteration + 1")
        for run, (colour, _) in experiment.looks().items():
            over_time.mark_decays(axes, experiment, run, colour)


def handles() -> list[Line2D]:
    """Legend entries of what moves."""
    return [
        Line2D([], [], color=style.GREY, label="replicate 0, a dot a snapshot", **PATH),
        Line2D([], [], color=style.GREY, label="(a): just before its step size decays", **DECAY),
        Line2D([], [], color=style.GREY, linestyle=":", label="(b): its step size decays"),
        Line2D([], [], color=style.GREY, label="where it is now", **END),
    ]
