"""End values of runs against those of another, replicate by replicate (paper: Fig. 9)."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from sparsestep.fields import Closed, Divisor, Name
from sparsestep.figures.specs import base

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment

Metrics = Annotated[list[str], Field(min_length=1, max_length=4)]


class Compared(Closed):
    """One column of panels."""

    experiment: Name = Field(description="whose runs are compared")
    metrics: Metrics = Field(description="a panel each, from the top")


class Spec(base.FigureSpec):
    """How near the runs of some experiments end to a run that they should agree with."""

    SHOWS_PUBLISHED: ClassVar[bool] = True

    kind: Literal["agreement"]
    networks: Annotated[list[Compared], Field(min_length=1, max_length=6)] = Field(
        description="a column of panels each"
    )
    reference: Name = Field(default="sgd", description="run on the horizontal axis")
    runs: Annotated[list[Name], Field(min_length=1, max_length=5)] = Field(
        description="runs on the vertical axis"
    )
    margin: Divisor = Field(
        default=1.25, description="a band of ratios up to this and down to 1 / this, first metric"
    )

    def tables(self) -> list[str]:
        """Experiments whose measurements the figure needs."""
        return [column.experiment for column in self.networks]

    def metrics(self) -> dict[tuple, tuple[str, str]]:
        """(experiment, metric) that must be measured, by the key that asks for it."""
        return {
            ("networks", at, "metrics", index): (column.experiment, metric)
            for at, column in enumerate(self.networks)
            for index, metric in enumerate(column.metrics)
        }

    def mistakes(self, experiments: "dict[str, Experiment]") -> dict[tuple, str]:
        """Every experiment has all the runs."""
        wanted = {("runs", index): run for index, run in enumerate(self.runs)}
        wanted[("reference",)] = self.reference
        found = {}
        for column in self.networks:
            found |= base.runs_not_there(wanted, column.experiment, experiments)
        return found
