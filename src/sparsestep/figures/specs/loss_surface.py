"""Paths of gradient descent and SGD on a slice of the loss surface (paper: Fig. 3)."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.specs.base import FigureSpec

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment


class LossSlice(FigureSpec):
    """Which runs of a diagonal network span the slice and are drawn on it."""

    experiment: Name = Field(description="sparse regression by a diagonal network")
    flow: Name = Field(description="run whose end spans the slice, with start and sparse solution")
    runs: list[Name] = Field(min_length=1, max_length=5, description="runs whose paths are drawn")
    fold: Literal["absolute", "pairs"] = Field(
        default="absolute",
        description="before they are projected, paths are (|u|, |v|), as published; or u_j and v_j "
        "change sign together where their sum is negative: the same network",
    )

    def trajectories(self) -> dict[tuple, tuple[str, str | None]]:
        """The run that spans the slice, and those drawn."""
        named = {("runs", index): (self.experiment, run) for index, run in enumerate(self.runs)}
        return {("flow",): (self.experiment, self.flow), **named}

    def mistakes(self, experiments: "dict[str, Experiment]") -> dict[tuple, str]:
        """The sparse solution is known of sparse regression by a diagonal network."""
        chosen = experiments[self.experiment]
        for role, wanted in (("problem", "sparse_regression"), ("model", "diagonal")):
            kind = getattr(chosen, role).kind
            if kind != wanted:
                text = f"got {self.experiment!r}, whose {role} is {kind}; valid: {wanted}"
                return {("experiment",): text}
        return {}


class Spec(LossSlice):
    """A slice of the loss surface with paths, and the training loss along them."""

    kind: Literal["loss_surface"]
