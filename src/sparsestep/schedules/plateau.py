"""A step size that grows to a peak in a fixed time, stays there, then is divided once."""

from typing import Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from sparsestep.fields import Closed, Divisor, Fraction, StepSize
from sparsestep.schedules.edge import in_units


class Spec(Closed):
    """eta(t) = peak min((t + 1) / (w + 1), 1) below b = int(decay_at * T), then peak / D.

    w = int(warm_up * T) iterations lie before the peak, however long it lasts: runs that differ in
    `decay_at` share the peak, unlike those of `warmup_decay`.
    """

    kind: Literal["plateau"]
    step_size: StepSize = Field(description="the peak")
    warm_up: Fraction = Field(description="length of the linear growth from 0, a fraction of T")
    decay_at: Fraction = Field(description="where the peak ends, a fraction of T")
    divide_by: Divisor = Field(description="D")

    @field_validator("decay_at")
    @classmethod
    def _behind_the_warm_up(cls, decay_at: float, others: ValidationInfo) -> float:
        warm_up = others.data.get("warm_up", 0)
        if decay_at < warm_up:
            raise ValueError(f"must be at least warm_up, {warm_up}")
        return decay_at

    def step_sizes(self, iterations: int) -> np.ndarray:
        """Step size of every iteration, shape (iterations,), float64."""
        grown = (np.arange(iterations) + 1) / (int(self.warm_up * iterations) + 1)
        eta = in_units(self.step_size) * np.minimum(grown, 1.0)
        for boundary in self.decays(iterations):
            eta[boundary:] = in_units(self.step_size) / self.divide_by
        return eta

    def decays(self, iterations: int) -> list[int]:
        """Iterations from which on the step size is smaller than before."""
        return [int(self.decay_at * iterations)] if self.divide_by > 1 else []
