"""A step size that grows exponentially, then is divided twice (paper: deep networks)."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from sparsestep.fields import Closed, Divisor, Fraction, StepSize
from sparsestep.schedules.edge import in_units


class Spec(Closed):
    """eta(t) = w^(100 t/T) g while t/T < p, then P/D while t/T < q, then P/D^2; P = w^(100 p) g.

    P, which no iteration takes, is g times 1.63, 4.32, 11.5 for w = 1.05 and p = 0.1, 0.3, 0.5: the
    longer the large-step phase, the larger its last step size. w = 1 is without warm-up.
    """

    kind: Literal["exponential_warmup"]
    step_size: StepSize = Field(description="g, the step size at t = 0")
    growth: Annotated[Divisor, Field(le=10)] = Field(
        default=1.05, description="w, the factor on it in T/100 iterations"
    )
    again_at: Fraction = Field(
        default=0.9, description="q, where the step size is divided again, a fraction of T"
    )
    decay_at: Fraction = Field(description="p, length of the large-step phase, a fraction of T")
    divide_by: Divisor = Field(default=10.0, description="D, each time")

    @field_validator("decay_at")
    @classmethod
    def _before_the_second(cls, decay_at: float, others: ValidationInfo) -> float:
        again_at = others.data.get("again_at", 1)
        if decay_at > again_at:
            raise ValueError(f"must be at most again_at, {again_at}")
        return decay_at

    def step_sizes(self, iterations: int) -> np.ndarray:
        """Step size of every iteration, shape (iterations,), float64."""
        fraction = np.arange(iterations) / iterations
        grown = self.growth ** (100 * np.minimum(fraction, self.decay_at))
        eta = in_units(self.step_size) * grown
        for boundary in self._boundaries(iterations):
            eta[boundary:] /= self.divide_by
        return eta

    def decays(self, iterations: int) -> list[int]:
        """Iterations from which on the step size is smaller than before."""
        boundaries = {at for at in self._boundaries(iterations) if at < iterations}
        return sorted(boundaries) if self.divide_by > 1 else []

    def _boundaries(self, iterations: int) -> list[int]:
        """First t with t/T >= p and with t/T >= q; T where there is none."""
        # The quotients are compared: 0.29 * 100 is 28.999999999999996, but 29 / 100 is 0.29.
        fraction = np.arange(iterations) / iterations
        return [int(np.searchsorted(fraction, at)) for at in (self.decay_at, self.again_at)]
