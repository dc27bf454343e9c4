"""A step size that falls from its peak along half a cosine (Loshchilov and Hutter 2017)."""

from math import factorial
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sparsestep.fields import Closed, Float, StepSize
from sparsestep.schedules.edge import in_units
from sparsestep.schedules.warm_up import Share, grown

# Taylor series of cos(x) and sin(x) / x in x^2: beyond these terms there is less than 1e-17 at
# pi / 4. Written out, because the last bit of a library's cosine depends on the processor.
_COSINE = [(-1) ** k / factorial(2 * k) for k in range(9)]
_SINE = [(-1) ** k / factorial(2 * k + 1) for k in range(9)]


class Spec(Closed):
    """eta(t) = step_size min((t + 1) / (w + 1), 1) up to w, then step_size (F + (1 - F) c(s)).

    c(s) = (1 + cos(pi s)) / 2, w = int(warm_up * T), s = (t - w) / (T - w). So iteration w takes
    step_size; F itself would be reached at t = T: no step is zero.
    """

    kind: Literal["cosine"]
    step_size: StepSize = Field(description="the peak")
    warm_up: Share = Field(
        default=0.0, description="length of the linear growth from 0, a fraction of T"
    )
    final: Annotated[Float, Field(ge=0, le=1)] = Field(
        default=0.0, description="F, the factor on step_size that the cosine leads to"
    )

    def step_sizes(self, iterations: int) -> np.ndarray:
        """Step size of every iteration, shape (iterations,), float64."""
        peak = int(self.warm_up * iterations)
        left = np.arange(iterations - peak, 0, -1) / (iterations - peak)
        factor = grown(self.warm_up, iterations)
        factor[peak:] = self.final + (1 - self.final) * _quarter_wave(left) ** 2
        return in_units(self.step_size) * factor

    def decays(self, iterations: int) -> list[int]:
        """None: it falls little by little, and no phase of large steps ends at an iteration."""
        return []


def _quarter_wave(left: np.ndarray) -> np.ndarray:
    """sin(pi r / 2) of r = 1 - s in [0, 1], shape (n,), whose square is (1 + cos(pi s)) / 2.

    By sums and products alone, each rounded as IEEE 754 says: the same bits on any processor.
    """
    low = left <= 0.5
    x = np.pi / 2 * np.where(low, left, 1 - left)
    return np.where(low, x * _polynomial(_SINE, x * x), _polynomial(_COSINE, x * x))


def _polynomial(coefficients: list[float], x: np.ndarray) -> np.ndarray:
    """The sum of c_k x^k, shape (n,), by Horner's rule."""
    total = np.zeros_like(x)
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total
