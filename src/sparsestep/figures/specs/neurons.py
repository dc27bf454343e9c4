"""Neurons of two-layer networks in the plane, against their teacher's (paper: Fig. 10)."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.specs.base import FigureSpec

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment


class Spec(FigureSpec):
    """First-layer weights of every run of an experiment with two inputs, a panel a run."""

    kind: Literal["neurons"]
    experiment: Name = Field(description="teacher_student in two dimensions, one hidden layer")
    columns: Annotated[int, Field(ge=1, le=6, description="panels in a row")] = 4

    def trajectories(self) -> dict[tuple, tuple[str, str | None]]:
        """Those of all runs."""
        return {("experiment",): (self.experiment, None)}

    def mistakes(self, experiments: "dict[str, Experiment]") -> dict[tuple, str]:
        """Neurons are arrows in a plane: two inputs, one hidden layer, no biases."""
        chosen = experiments[self.experiment]
        problem, model = chosen.problem, chosen.model
        for role, wanted in (("problem", "teacher_student"), ("model", "mlp")):
            kind = getattr(chosen, role).kind
            if kind != wanted:
                return self._refuse(f"whose {role} is {kind}; valid: {wanted}")
        if problem.dimension != 2:
            return self._refuse(f"whose inputs have dimension {problem.dimension}; valid: 2")
        for name, widths in (("teacher", problem.teacher_widths), ("model", model.widths)):
            if len(widths) != 1:
                return self._refuse(f"whose {name} has {len(widths)} hidden layers; valid: 1")
        if problem.teacher_biases or model.biases[0]:
            return self._refuse("whose hidden units have biases; valid: none")
        return {}

    def _refuse(self, why: str) -> dict[tuple, str]:
        return {("experiment",): f"got {self.experiment!r}, {why}"}
