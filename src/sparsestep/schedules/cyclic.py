"""A step size that goes up and down between two values (Smith 2017, "triangular")."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sparsestep.fields import Closed, Divisor, Float, StepSize
from sparsestep.schedules.edge import in_units


class Spec(Closed):
    """eta(t) = step_size (1 + (F - 1) min(2 s, 2 - 2 s)), s = (t mod P) / P.

    A period has P = int(period * T) iterations, at least 2. Each begins at step_size, is linear up
    to F step_size at its middle, which is an iteration where P is even, and back. The last period
    may be a part of one.
    """

    kind: Literal["cyclic"]
    step_size: StepSize = Field(description="the smallest")
    factor: Divisor = Field(description="F; F step_size is the largest")
    period: Annotated[Float, Field(gt=0, le=1)] = Field(
        description="length of a period, up and down again, a fraction of T"
    )

    def step_sizes(self, iterations: int) -> np.ndarray:
        """Step size of every iteration, shape (iterations,), float64."""
        period = max(int(self.period * iterations), 2)
        share = np.arange(iterations) % period / period
        height = np.minimum(2 * share, 2 - 2 * share)
        return in_units(self.step_size) * (1 + (self.factor - 1) * height)

    def decays(self, iterations: int) -> list[int]:
        """None: it grows again, and no phase of large steps ends at an iteration."""
        return []
