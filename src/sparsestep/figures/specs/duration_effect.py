"""End values against the duration of the large-step phase, peak and final step size the same."""

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from sparsestep.fields import Closed, Name
from sparsestep.figures.specs import base
from sparsestep.figures.specs.base import FigureSpec
from sparsestep.figures.specs.text import ShownText

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment, Run


class Column(Closed):
    """An experiment, a metric a row."""

    experiment: Name = Field(description="whose runs are shown")
    title: ShownText = Field(default="", description="above the column")
    panels: Annotated[
        list[str], Field(min_length=1, max_length=6, description="metrics, a row each")
    ]


class Spec(FigureSpec):
    """A column of panels for each experiment."""

    kind: Literal["duration_effect"]
    columns: Annotated[list[Column], Field(min_length=1, max_length=4, description="left to right")]

    def tables(self) -> list[str]:
        """Experiments whose measurements the figure needs."""
        return [column.experiment for column in self.columns]

    def metrics(self) -> dict[tuple, tuple[str, str]]:
        """(experiment, metric) that must be measured, by the key that asks for it."""
        return {
            ("columns", place, "panels", row): (column.experiment, metric)
            for place, column in enumerate(self.columns)
            for row, metric in enumerate(column.panels)
        }

    def mistakes(self, experiments: "dict[str, Experiment]") -> dict[tuple, str]:
        """Runs of a column that differ in more than the duration, or not in that."""
        found = {
            ("columns", place, "experiment"): _mistake(column.experiment, experiments)
            for place, column in enumerate(self.columns)
        }
        return {key: text for key, text in found.items() if text}


def shares_at_peak(eta: dict[str, np.ndarray]) -> dict[str, float]:
    """Share of the iterations, by run, at which its step size, (T,), is the largest of all runs."""
    peak = max(sizes.max() for sizes in eta.values())
    return {run: float(_same(sizes, peak).mean()) for run, sizes in eta.items()}


def _mistake(experiment: str, experiments: "dict[str, Experiment]") -> str:
    """The first thing wrong with the runs; empty if nothing is."""
    chosen = experiments[experiment]
    first, where = next(iter(chosen.runs)), f"got experiments.{experiment}.runs"
    for name, run in chosen.runs.items():
        if run.algorithm != chosen.runs[first].algorithm:
            return (
                f"{where}.{name}.algorithm {run.algorithm.model_dump(mode='json')}; every run must "
                f"have the same, that of {first!r} is "
                f"{chosen.runs[first].algorithm.model_dump(mode='json')}"
            )
    for name, run in chosen.runs.items():
        if run.is_relative != chosen.runs[first].is_relative:
            return (
                f"{where}.{name}.schedule.step_size {_step_size(run)}; every run's must be "
                f"given in the same units, that of {first!r} is {_step_size(chosen.runs[first])}"
            )
    if longer := base.of_another_length(experiment, experiments):
        return longer
    # Powers of what a user wrote may be too large for a number.
    with np.errstate(over="ignore", invalid="ignore"):
        runs = chosen.runs.items()
        eta = {name: run.schedule.step_sizes(chosen.iterations) for name, run in runs}
    for name, sizes in eta.items():
        if not np.isfinite(sizes).all():
            return f"{where}.{name}.schedule; its step sizes grow beyond the largest number"
    largest = max(eta, key=lambda name: eta[name].max())
    shares, taken = shares_at_peak(eta), {}
    for name, sizes in eta.items():
        what = f"{where}.{name}.schedule"
        if not _same(sizes[-1], eta[largest][-1]):
            return (
                f"{what}, at the end {sizes[-1]:g}; "
                f"every run must end as {largest!r} does, at {eta[largest][-1]:g}"
            )
        if shares[name] == 0 and not _same(sizes.max(), sizes[-1]):
            return (
                f"{what}, at most {sizes.max():g}; a run that decays must have the same peak as "
                f"{largest!r}, {eta[largest].max():g}"
            )
        if shares[name] in taken:
            return (
                f"{what}, at the peak for {shares[name]:g} of the iterations, as run "
                f"{taken[shares[name]]!r} is; every run must have a duration of its own"
            )
        taken[shares[name]] = name
    return ""


def _step_size(run: "Run") -> float | dict[str, float]:
    return run.schedule.model_dump(mode="json")["step_size"]


def _same(sizes: np.ndarray, size: float) -> np.ndarray:
    return np.isclose(sizes, size, rtol=1e-9, atol=0)
