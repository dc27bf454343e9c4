"""Functions that networks on a line have learned, at some iterations (paper: Fig. 13)."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.specs.base import FigureSpec

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment

Iteration = Annotated[int, Field(ge=0, lt=2**31)]


class Spec(FigureSpec):
    """The function h(x) of every run of an experiment with one input, a panel an iteration."""

    kind: Literal["learned_functions"]
    experiment: Name = Field(description="an mlp on inputs of dimension 1")
    iterations: list[Iteration] = Field(
        min_length=1, max_length=24, description="a panel each: the nearest snapshot is shown"
    )
    columns: Annotated[int, Field(ge=1, le=6, description="panels in a row")] = 3

    def trajectories(self) -> dict[tuple, tuple[str, str | None]]:
        """Those of all runs."""
        return {("experiment",): (self.experiment, None)}

    def mistakes(self, experiments: "dict[str, Experiment]") -> dict[tuple, str]:
        """There is a curve to draw for a network with one input, before its last iteration."""
        chosen = experiments[self.experiment]
        if chosen.model.kind != "mlp":
            text = f"got {self.experiment!r}, whose model is {chosen.model.kind}; valid: mlp"
            return {("experiment",): text}
        # The inputs of a problem without the key are points on a line.
        dimension = getattr(chosen.problem, "dimension", 1)
        if dimension != 1:
            text = f"got {self.experiment!r}, whose inputs have dimension {dimension}; valid: 1"
            return {("experiment",): text}
        lengths = {run: chosen.of_run(run).iterations for run in chosen.runs}
        shortest = min(lengths, key=lambda run: lengths[run])
        where = f"experiments.{self.experiment}"
        if lengths[shortest] != chosen.iterations:
            where += f".runs.{shortest}"
        return {
            ("iterations", index): f"got {asked}; {where} ends before iteration {lengths[shortest]}"
            for index, asked in enumerate(self.iterations)
            if asked >= lengths[shortest]
        }
