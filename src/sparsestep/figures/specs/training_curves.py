"""Metrics against the iteration, one panel each (paper: Figs. 1, 2, 5-7, 9, 11, 12, 14-16)."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.specs import base
from sparsestep.figures.specs.grid import PanelGrid

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment


class Spec(PanelGrid):
    """A grid of panels over the runs of one experiment."""

    SHOWS_PUBLISHED: ClassVar[bool] = True

    kind: Literal["training_curves"]
    runs: list[Name] = Field(default=[], description="runs that are drawn; by default all")

    def mistakes(self, experiments: "dict[str, Experiment]") -> dict[tuple, str]:
        """The runs are those of the experiment."""
        wanted = {("runs", index): run for index, run in enumerate(self.runs)}
        return base.runs_not_there(wanted, self.experiment, experiments)
