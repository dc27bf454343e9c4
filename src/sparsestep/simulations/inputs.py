"""One-dimensional inputs x of the stabilization simulations."""

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from sparsestep.fields import Closed, Fraction, Name, PositiveFloat

# Points of the midpoint rule for means over a distribution.
_QUANTILES = 20_000


class Inputs(Closed):
    """A distribution of x on [low, high], drawn anew in every step."""

    name: Name = Field(description="what tables and figures call it")
    distribution: Literal["constant", "uniform", "two_point"] = Field(
        description="two_point: `high` with probability `share`, else `low`"
    )
    low: PositiveFloat = Field(description="x_min")
    high: PositiveFloat = Field(description="x_max")
    share: Fraction = Field(default=0.5, description="probability of `high` (two_point only)")

    @model_validator(mode="after")
    def _ordered(self):
        if self.distribution == "constant" and self.low != self.high:
            raise ValueError("a constant has the same `low` and `high`")
        if self.distribution != "constant" and not self.low < self.high:
            raise ValueError("`low` must be below `high`")
        return self

    @property
    def ratio(self) -> float:
        """(x_max / x_min)^2, the largest over the smallest gamma of a step size."""
        return (self.high / self.low) ** 2

    def at(self, u: np.ndarray) -> np.ndarray:
        """Values x of these quantiles, a monotone (two_point: falling) function of u in [0, 1)."""
        match self.distribution:
            case "uniform":
                return self.low + (self.high - self.low) * u
            case "two_point":
                return np.where(u < self.share, self.high, self.low)
            case _:
                return np.full_like(u, self.low)

    def mean_square(self) -> float:
        """E x^2."""
        low, high = self.low, self.high
        match self.distribution:
            case "uniform":
                return (low**2 + low * high + high**2) / 3
            case "two_point":
                return self.share * high**2 + (1 - self.share) * low**2
            case _:
                return low**2

    def lyapunov(self, gamma_high: float) -> float:
        """E log |1 - 2 gamma| for the step size whose largest gamma this is.

        The mean growth rate of log |theta_t - theta*| near theta*: SGD is attracted where it is
        negative. Midpoint rule, absolute error below 1e-3 (the integrand may have a pole).
        """
        x = self.at((np.arange(_QUANTILES) + 0.5) / _QUANTILES)
        slope = np.abs(1 - 2 * gamma_high * (x / self.high) ** 2)
        return float(np.mean(np.log(np.maximum(slope, 1e-300))))
