"""Loss stabilization on one parameter, over the step size (paper: Prop. 2.2)."""

from typing import Annotated, Literal

from pydantic import Field

from sparsestep.fields import Closed, Name
from sparsestep.figures.specs.base import FigureSpec


class Spec(FigureSpec):
    """Long-run iterates and losses of a `stabilization`, beside single runs."""

    kind: Literal["bifurcation"]
    simulation: Name = Field(description="of kind stabilization")
    paths: Name = Field(description="of kind stabilization_paths")
    inputs: Annotated[list[Name], Field(min_length=2, max_length=2)] = Field(
        description="names of the distributions of x whose iterates are drawn"
    )

    def simulations(self) -> dict[tuple, tuple[str, str]]:
        """(simulation, kind) that the figure needs, by the key that asks for it."""
        return {
            ("simulation",): (self.simulation, "stabilization"),
            ("paths",): (self.paths, "stabilization_paths"),
        }

    def mistakes_about(self, simulations: dict[str, Closed]) -> dict[tuple, str]:
        """Distributions that the simulation does not have; more theta* than colours."""
        stars = len(simulations[self.simulation].theta_stars)
        if stars > 5:
            return {("simulation",): f"got one with {stars} theta_stars; valid: at most 5"}
        known = [inputs.name for inputs in simulations[self.simulation].inputs]
        return {
            ("inputs", place): f"got {name!r}; valid: {', '.join(known)}"
            for place, name in enumerate(self.inputs)
            if name not in known
        }
