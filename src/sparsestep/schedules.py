"""Step-size schedules: the step size as a pure function of the iteration."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, TypeAdapter

from sparsestep.fields import Closed, Fraction, PositiveFloat


class Constant(Closed):
    """eta(t) = step_size."""

    kind: Literal["constant"]
    step_size: PositiveFloat = Field(description="eta, the factor on the gradient of the loss")

    def step_sizes(self, iterations: int) -> np.ndarray:
        """Step size of every iteration, shape (iterations,), float64."""
        return np.full(iterations, self.step_size)

    def decays(self, iterations: int) -> list[int]:
        """Iterations from which on the step size is smaller than before: none."""
        return []


class StepDecay(Closed):
    """eta(t) = step_size up to the boundary int(decay_at * T), step_size / divide_by after it."""

    kind: Literal["step_decay"]
    step_size: PositiveFloat = Field(description="eta before the decay")
    decay_at: Fraction = Field(description="length of the large-step phase, a fraction of T")
    divide_by: PositiveFloat = Field(description="the step size is divided by this at the decay")
    boundary: Literal["included", "excluded"] = Field(
        default="included",
        description="whether iteration int(decay_at * T) itself still takes the large step",
    )

    def step_sizes(self, iterations: int) -> np.ndarray:
        """Step size of every iteration, shape (iterations,), float64."""
        eta = np.full(iterations, self.step_size)
        for first_small in self.decays(iterations):
            eta[first_small:] = self.step_size / self.divide_by
        return eta

    def decays(self, iterations: int) -> list[int]:
        """Iterations from which on the step size is smaller than before."""
        return [int(self.decay_at * iterations) + (self.boundary == "included")]


Schedule = Annotated[Constant | StepDecay, Field(discriminator="kind")]
KINDS = ("constant", "step_decay")


def from_spec(spec: dict) -> Constant | StepDecay:
    """The schedule that a validated `schedule:` block describes."""
    return TypeAdapter(Schedule).validate_python(spec)
