"""A large step size, divided once (paper: Figs. 2, 11, 14)."""

from typing import Literal

import numpy as np
from pydantic import Field

from sparsestep.fields import Closed, Divisor, Fraction, StepSize
from sparsestep.schedules.edge import in_units


class Spec(Closed):
    """eta(t) = step_size up to the boundary int(decay_at * T), step_size / divide_by after it."""

    kind: Literal["step_decay"]
    step_size: StepSize = Field(description="eta before the decay")
    decay_at: Fraction = Field(description="length of the large-step phase, a fraction of T")
    divide_by: Divisor = Field(description="the step size is divided by this at the decay")
    boundary: Literal["included", "excluded"] = Field(
        default="included",
        description="whether iteration int(decay_at * T) itself still takes the large step",
    )

    def step_sizes(self, iterations: int) -> np.ndarray:
        """Step size of every iteration, shape (iterations,), float64."""
        large = in_units(self.step_size)
        eta = np.full(iterations, large)
        for first_small in self.decays(iterations):
            eta[first_small:] = large / self.divide_by
        return eta

    def decays(self, iterations: int) -> list[int]:
        """Iterations from which on the step size is smaller than before."""
        first_small = int(self.decay_at * iterations) + (self.boundary == "included")
        return [first_small] if self.divide_by > 1 and first_small < iterations else []
