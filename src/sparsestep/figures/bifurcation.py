"""Loss stabilization on one parameter, over the step size (paper: Prop. 2.2)."""

from typing import Annotated, Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.needs import FigureSpec


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

    def mistakes_about(self, simulations: dict[str, dict]) -> dict[tuple, str]:
        """Distributions that the simulation does not have; more theta* than colours."""
        stars = len(simulations[self.simulation]["theta_stars"])
        if stars > 5:
            return {("simulation",): f"got one with {stars} theta_stars; valid: at most 5"}
        known = [inputs["name"] for inputs in simulations[self.simulation]["inputs"]]
        return {
            ("inputs", place): f"got {name!r}; valid: {', '.join(known)}"
            for place, name in enumerate(self.inputs)
            if name not in known
        }


def plot(sources, figure: Spec, experiments: dict):
    """Iterates over the step size, single runs, the loss's range in two units, what runs do."""
    import matplotlib.pyplot as plt

    from sparsestep.figures import bifurcation_panels as parts
    from sparsestep.figures import panels

    table, paths = sources.simulation(figure.simulation), sources.simulation(figure.paths)
    page, grid = plt.subplots(2, 3, figsize=(11.5, 7.2), layout="constrained")
    page.suptitle(parts.title(table), fontsize="medium")
    for axes, name in zip(grid[0], figure.inputs, strict=False):
        parts.draw_iterates(axes, table[table["inputs"] == name], name)
    parts.draw_paths(grid[0, 2], paths)
    parts.draw_loss(grid[1, 0], table, figure.inputs)
    parts.draw_stated_loss(grid[1, 1], table[table["inputs"] == figure.inputs[1]])
    parts.draw_outcomes(grid[1, 2], table)
    panels.add_letters(grid.flat)
    losses = parts.loss_handles(table, figure.inputs)
    blocks = (parts.iterate_handles(), parts.outcome_handles(), losses)
    panels.add_legend(page, *blocks, titles=("(a) to (c)", "(f)", "(d), (e)"))
    return page
