"""Filters of the first layer of networks on images (paper: Fig. 17)."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sparsestep import registry
from sparsestep.fields import Name
from sparsestep.figures.specs.base import FigureSpec

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment


class Spec(FigureSpec):
    """The first convolution's filters at the last snapshot of replicate 0, a panel a run."""

    kind: Literal["filters"]
    experiment: Name = Field(description="networks on images")
    runs: list[Name] = Field(default=[], description="runs that are drawn; by default all")
    initial: bool = Field(default=False, description="first a panel of the filters before training")
    columns: Annotated[int, Field(ge=1, le=6, description="panels in a row")] = 4

    def trajectories(self) -> dict[tuple, tuple[str, str | None]]:
        """Those of the runs that are drawn."""
        if not self.runs:
            return {("experiment",): (self.experiment, None)}
        return {("runs", index): (self.experiment, run) for index, run in enumerate(self.runs)}

    def mistakes(self, experiments: "dict[str, Experiment]") -> dict[tuple, str]:
        """Filters are what a network on images has."""
        kind = experiments[self.experiment].problem.kind
        if registry.family("problem", kind) == "images":
            return {}
        problems = registry.kinds("problem")
        valid = ", ".join(p for p in problems if registry.family("problem", p) == "images")
        return {
            ("experiment",): f"got {self.experiment!r}, whose problem is {kind}; valid: {valid}"
        }
