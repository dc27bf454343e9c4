"""Paths in the plane of two tied weights, on the loss surface itself (paper: Fig. 8)."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.specs.base import FigureSpec

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment


class Spec(FigureSpec):
    """A diagonal network of two coordinates with u = v = w, on one sample."""

    kind: Literal["valley"]
    experiment: Name = Field(description="a diagonal network with u = v in two dimensions")

    def trajectories(self) -> dict[tuple, tuple[str, str | None]]:
        """All runs."""
        return {("experiment",): (self.experiment, None)}

    def mistakes(self, experiments: "dict[str, Experiment]") -> dict[tuple, str]:
        """A path lies in a plane where u = v and d = 2; with x, y > 0 the valley is an ellipse."""
        chosen = experiments[self.experiment]
        problem, model = chosen.problem, chosen.model
        suits = (
            model.kind == "diagonal"
            and model.u == model.v
            and problem.kind == "given_data"
            and len(problem.x) == 1
            and len(problem.x[0]) == 2
            and min(*problem.x[0], *problem.y) > 0
        )
        if suits:
            return {}
        needed = (
            "given_data of one sample, two inputs and a label, all above 0, "
            "and a diagonal model with u = v"
        )
        return {("experiment",): f"got {self.experiment!r}; must have {needed}"}
