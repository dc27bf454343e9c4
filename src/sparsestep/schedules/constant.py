"""The same step size all the time."""

from typing import Literal

import numpy as np
from pydantic import Field

from sparsestep.fields import Closed, StepSize
from sparsestep.schedules.edge import in_units


class Spec(Closed):
    """eta(t) = step_size."""

    kind: Literal["constant"]
    step_size: StepSize = Field(description="eta, the factor on the gradient of the loss")

    def step_sizes(self, iterations: int) -> np.ndarray:
        """Step size of every iteration, shape (iterations,), float64."""
        return np.full(iterations, in_units(self.step_size))

    def decays(self, iterations: int) -> list[int]:
        """Iterations from which on the step size is smaller than before: none."""
        return []
