"""A step size that grows, then is divided once (paper: Figs. 4, 5, 12)."""

from typing import Literal

import numpy as np
from pydantic import Field

from sparsestep.fields import Closed, Divisor, Fraction, PositiveFloat, StepSize
from sparsestep.schedules.edge import in_units


class Spec(Closed):
    """eta(t) = g + (F - 1) g (t/T)^e below the boundary b = int(decay_at * T), then eta(b) / D.

    Source: the authors' notebooks; that iteration b itself already takes the small step is what the
    reference of relu_1d shows. The peak, just below b, is what matters, not g.
    """

    kind: Literal["warmup_decay"]
    step_size: StepSize = Field(description="g, the step size at t = 0")
    factor: PositiveFloat = Field(description="F; F g would be reached at t = T")
    exponent: PositiveFloat = Field(description="e; 1 is linear")
    decay_at: Fraction = Field(description="length of the large-step phase, a fraction of T")
    divide_by: Divisor = Field(description="D")

    def step_sizes(self, iterations: int) -> np.ndarray:
        """Step size of every iteration, shape (iterations,), float64."""
        boundary = int(self.decay_at * iterations)
        t = np.minimum(np.arange(iterations), boundary)
        start = in_units(self.step_size)
        eta = start + (self.factor - 1) * start * (t / iterations) ** self.exponent
        eta[boundary:] /= self.divide_by
        return eta

    def decays(self, iterations: int) -> list[int]:
        """Iterations from which on the step size is smaller than before."""
        return [int(self.decay_at * iterations)] if self.divide_by > 1 else []
