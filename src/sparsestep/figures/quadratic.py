"""Gradient descent on quadratic losses around 2 / lambda_max (paper: Section 2)."""

from typing import Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.needs import FigureSpec


class Spec(FigureSpec):
    """Single runs around the threshold, and measured against exact thresholds."""

    kind: Literal["quadratic"]
    simulation: Name = Field(description="of kind quadratic")
    paths: Name = Field(description="of kind quadratic_paths")

    def simulations(self) -> dict[tuple, tuple[str, str]]:
        """(simulation, kind) that the figure needs, by the key that asks for it."""
        return {
            ("simulation",): (self.simulation, "quadratic"),
            ("paths",): (self.paths, "quadratic_paths"),
        }


def plot(sources, figure: Spec, experiments: dict):
    """Loss over the steps, the cycle of two, measured against exact thresholds, their errors."""
    import matplotlib.pyplot as plt

    from sparsestep.figures import panels
    from sparsestep.figures import quadratic_panels as parts

    table, paths = sources.simulation(figure.simulation), sources.simulation(figure.paths)
    page, grid = plt.subplots(2, 2, figsize=(8.2, 7.4), layout="constrained")
    page.suptitle(parts.title(table), fontsize="medium")
    parts.draw_loss(grid[0, 0], paths)
    parts.draw_cycle(grid[0, 1], paths)
    parts.draw_thresholds(grid[1, 0], table)
    parts.draw_errors(grid[1, 1], table)
    panels.add_letters(grid.flat)
    blocks = (parts.path_handles(paths), parts.threshold_handles(table), parts.cycle_handles())
    panels.add_legend(page, *blocks, titles=("(a)", "(c), (d)", "(b)"))
    return page
