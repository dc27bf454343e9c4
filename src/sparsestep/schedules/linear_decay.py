"""A constant step size that falls linearly at the end: warm-up, stable, decay (WSD)."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from sparsestep.fields import Closed, Float, StepSize
from sparsestep.schedules.edge import in_units
from sparsestep.schedules.warm_up import Share, grown


class Spec(Closed):
    """eta(t) = step_size min((t + 1) / (w + 1), 1) up to b, then step_size (1 - (1 - F) s).

    w = int(warm_up * T), b = int(decay_at * T), s = (t - b) / (T - b). So iteration b still takes
    step_size, the next one less; the last one, T - 1, takes step_size (F + (1 - F) / (T - b)), and
    F itself would be reached at t = T: no step is zero.
    """

    kind: Literal["linear_decay"]
    step_size: StepSize = Field(description="eta before the decay")
    warm_up: Share = Field(
        default=0.0, description="length of the linear growth from 0, a fraction of T"
    )
    decay_at: Share = Field(description="where the decay begins, a fraction of T")
    final: Annotated[Float, Field(ge=0, le=1)] = Field(
        default=0.0, description="F, the factor on step_size that the decay leads to"
    )

    @field_validator("decay_at")
    @classmethod
    def _behind_the_warm_up(cls, decay_at: float, others: ValidationInfo) -> float:
        warm_up = others.data.get("warm_up", 0)
        if decay_at < warm_up:
            raise ValueError(f"must be at least warm_up, {warm_up}")
        return decay_at

    def step_sizes(self, iterations: int) -> np.ndarray:
        """Step size of every iteration, shape (iterations,), float64."""
        begin = int(self.decay_at * iterations)
        share = np.arange(iterations - begin) / (iterations - begin)
        factor = grown(self.warm_up, iterations)
        factor[begin:] = 1 - (1 - self.final) * share
        return in_units(self.step_size) * factor

    def decays(self, iterations: int) -> list[int]:
        """The iteration from which on the step size is smaller than before, and falls.

        None where it falls from the start: no phase of large steps ends.
        """
        begin = int(self.decay_at * iterations)
        return [begin + 1] if self.final < 1 and 0 < begin < iterations - 1 else []
