"""Random quadratic losses c ||X beta - y||^2, their normalisations c, their curvature."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sparsestep.fields import Closed, PositiveFloat, PositiveInt, Seed

# c, where X has n rows.
FACTORS = {"sum": lambda n: 1.0, "half": lambda n: 0.5, "mean": lambda n: 1 / (2 * n)}

Normalisation = Literal["sum", "half", "mean"]
Shape = Annotated[list[PositiveInt], Field(min_length=2, max_length=2)]


class Problems(Closed):
    """Gaussian X, y - X beta*, beta* and start."""

    shapes: Annotated[list[Shape], Field(min_length=1, description="[n, d] of X")]
    # The squares of much larger gradients would not be finite.
    noise: Annotated[PositiveFloat, Field(le=1e6)] = Field(
        description="standard deviation of y - X beta*"
    )
    seed: Seed = Field(description="of X, y and the start")

    def draw(self, shape: int, replicate: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """X (n, d), y (n,) and the start (d,) of a replicate of a shape, float64."""
        n, d = self.shapes[shape]
        rng = np.random.default_rng([self.seed, shape, replicate])
        x = rng.standard_normal((n, d))
        y = np.sum(x * rng.standard_normal(d), axis=1) + self.noise * rng.standard_normal(n)
        return x, y, rng.standard_normal(d)


def largest_curvature(x: np.ndarray, factor: float) -> float:
    """lambda_max of the Hessian 2 factor X^T X."""
    from sparsestep.arithmetic.singular_values import decompose

    return 2 * factor * float(decompose(x)[0][0]) ** 2
