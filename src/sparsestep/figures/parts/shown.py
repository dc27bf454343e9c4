"""An experiment as figures show it: names, colours and labels of its runs, its scale of time."""

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sparsestep import schedules
from sparsestep.fields import OfEdge
from sparsestep.figures.parts import style

if TYPE_CHECKING:
    import pandas as pd

    from sparsestep.fields import Closed

Times = TypeVar("Times", int, np.ndarray, "pd.Series")


@dataclasses.dataclass(frozen=True)
class ShownRun:
    """A run: the user's text and colour for it, if any, its schedule, how starts are perturbed.

    And its T, where it is not the experiment's.
    """

    label: str | None
    colour: str | None
    schedule: "Closed"
    perturbation: float = 0.0
    iterations: int | None = None


@dataclasses.dataclass(frozen=True)
class Shown:
    """An experiment, of which `shown` lists the runs that a figure shows.

    Attributes:
        title: the user's heading.  iterations: T of runs without their own.  replicates: R.
        runs: by name, all of the experiment, in its order, which decides their colours.
        epochs: how many T are, None where the experiment has none.
        published: end values of the paper, by run, by metric, of the panels alone.
    """

    title: str
    iterations: int
    replicates: int
    runs: dict[str, ShownRun]
    shown: tuple[str, ...]
    epochs: int | None = None
    published: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_spec(cls, spec: dict) -> "Shown":
        """The experiment that a figure's job is told of (`plan.experiments.display`)."""
        runs = {}
        for name in spec["order"]:
            run = spec["runs"][name]
            schedule = schedules.from_spec(run["schedule"])
            size = run.get("perturbation", 0.0)
            own = run.get("iterations")
            runs[name] = ShownRun(run["label"], run["colour"], schedule, size, own)
        numbers = (spec["iterations"], spec["replicates"])
        also = (spec.get("epochs"), spec.get("published", {}))
        return cls(spec["title"], *numbers, runs, tuple(runs), *also)

    def only(self, runs: Iterable[str]) -> "Shown":
        """The experiment with only these runs shown, which keep their looks."""
        return dataclasses.replace(self, shown=tuple(dict.fromkeys(runs)))

    def looks(self) -> dict[str, tuple]:
        """(colour, dashes) of each run that is shown, in its order."""
        others = iter(style.OTHERS * (1 + len(self.runs) // len(style.OTHERS)))
        chosen = {}
        for name, run in self.runs.items():
            colour, dashes = style.RUNS[name] if name in style.RUNS else next(others)
            chosen[name] = (run.colour or colour, dashes)
        return {name: chosen[name] for name in self.shown}

    def label(self, name: str) -> str:
        """Legend text of a run: the user's, or the step sizes that it really takes."""
        run = self.runs[name]
        if run.label:
            return style.as_text(run.label, 48)
        eta = self.step_sizes(name)
        # The largest step size, and what it ends with: a warm-up's first step size says little.
        text = rf"$\eta$ = {eta.max():.3g}"
        if self.is_relative(name):
            text += " of the edge"
        for decay in self.decays(name):
            if decay < len(eta):
                text += rf" $\to$ {eta[decay]:.3g} at {100 * decay / len(eta):.0f} %"
        if run.iterations:
            text += f", {self.in_time_unit(len(eta)):.12g} {self.time_unit}s"
        return text

    def length(self, name: str) -> int:
        """T of a run, which may have its own."""
        return self.runs[name].iterations or self.iterations

    @property
    def longest(self) -> int:
        """The largest T of the runs that are shown, where axes of time end."""
        return max(map(self.length, self.shown))

    def step_sizes(self, name: str) -> np.ndarray:
        """Step size of every iteration of a run, (T,), or fraction of the edge."""
        return self.runs[name].schedule.step_sizes(self.length(name))

    def decays(self, name: str) -> list[int]:
        """Iterations at which the step size of a run decays."""
        return self.runs[name].schedule.decays(self.length(name))

    def is_relative(self, name: str) -> bool:
        """Whether the step sizes of a run are fractions of each replicate's edge."""
        return isinstance(self.runs[name].schedule.step_size, OfEdge)

    @property
    def time_unit(self) -> str:
        """What a horizontal axis of time counts: "epoch" where the experiment has some."""
        return "iteration" if self.epochs is None else "epoch"

    @property
    def has_few_snapshots(self) -> bool:
        """Whether lines between snapshots say little, as with the about twenty of deep networks."""
        return self.epochs is not None

    def in_time_unit(self, iterations: Times) -> Times:
        """Iterations (a number, an array, a Series) in this unit."""
        return iterations if self.epochs is None else iterations * self.epochs / self.iterations
