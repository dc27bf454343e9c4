"""Step sizes that are constant piece by piece."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator

from sparsestep.fields import Closed, PositiveFloat, StepSize
from sparsestep.schedules.edge import in_units
from sparsestep.schedules.pairs import PAIR, check_order
from sparsestep.schedules.warm_up import Share

_Piece = Annotated[tuple[Share, PositiveFloat], PAIR]


class Spec(Closed):
    """eta(t) = step_size * f for int(p * T) <= t, up to where the next piece [p, f] begins.

    Of pieces that begin at the same iteration, because T is small, the last counts.
    """

    kind: Literal["piecewise"]
    step_size: StepSize = Field(
        default=1.0, description="times the factors; at 1, pieces are step sizes themselves"
    )
    pieces: list[_Piece] = Field(
        description="[p, f] each: from the fraction p of T on, the factor f on the step size"
    )

    @field_validator("pieces")
    @classmethod
    def _in_order_from_the_start(cls, pieces: list[_Piece]) -> list[_Piece]:
        check_order(pieces)
        return pieces

    def step_sizes(self, iterations: int) -> np.ndarray:
        """Step size of every iteration, shape (iterations,), float64."""
        eta = np.empty(iterations)
        for begin, factor in self.pieces:
            eta[int(begin * iterations) :] = in_units(self.step_size) * factor
        return eta

    def decays(self, iterations: int) -> list[int]:
        """Iterations from which on the step size is smaller than before."""
        return (1 + np.flatnonzero(np.diff(self.step_sizes(iterations)) < 0)).tolist()
