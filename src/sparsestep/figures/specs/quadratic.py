"""Gradient descent on quadratic losses around 2 / lambda_max (paper: Section 2)."""

from typing import Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.specs.base import FigureSpec


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
