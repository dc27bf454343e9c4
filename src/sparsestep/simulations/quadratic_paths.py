"""Single runs of gradient descent on a quadratic loss, around the threshold of `quadratic.py`."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sparsestep.fields import PositiveFloat, PositiveInt
from sparsestep.simulations.quadratic_losses import (
    FACTORS,
    Normalisation,
    Problems,
    largest_curvature,
)


class Spec(Problems):
    """Step sizes around 2 / lambda_max on the first draw of X of the first shape."""

    kind: Literal["quadratic_paths"]
    normalisation: Normalisation = Field(description="of the loss")
    of_threshold: Annotated[
        list[PositiveFloat], Field(min_length=1, description="eta lambda_max(Hessian) / 2")
    ]
    steps: PositiveInt = Field(description="T")


def simulate(spec: Spec, threads: int) -> dict[str, np.ndarray]:
    """One row a step 0..T of every step size.

    Columns: `of_threshold`, `step`, `excess`: loss minus its minimum, `top` and `second`: the
    coordinates of beta - beta_min along the two top eigenvectors (signs such that they are positive
    at step 0).
    """
    from sparsestep.arithmetic.singular_values import decompose

    x, y, start = spec.draw(0, 0)
    factor = FACTORS[spec.normalisation](len(x))
    values, right = decompose(x)
    # beta_min = X^+ y, the sum of right_i <X right_i, y> / s_i^2.
    along_right = _product(_product(right, x), y)[:, None] / values[:, None] ** 2
    smallest = np.sum(along_right * right, axis=0)
    directions = right[:2]
    parts = []
    for fraction in spec.of_threshold:
        eta = fraction * 2 / largest_curvature(x, factor)
        beta = np.empty((spec.steps + 1, len(start)))
        beta[0] = start
        with np.errstate(over="ignore", invalid="ignore"):
            for t in range(spec.steps):
                beta[t + 1] = beta[t] - eta * 2 * factor * _product(x.T, _product(x, beta[t]) - y)
        away = beta - smallest
        along = _product(away, directions)
        along *= np.sign(along[0])
        parts.append(
            {
                "of_threshold": np.full(spec.steps + 1, fraction),
                "step": np.arange(spec.steps + 1),
                # X away is orthogonal to the residual at the minimum.
                "excess": factor * np.sum(_product(away, x) ** 2, axis=1),
                "top": along[:, 0],
                "second": along[:, -1],
            }
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a b^T by NumPy's own sums, whose order is the same on any processor."""
    products = a[:, None, :] * np.atleast_2d(b)
    sums = np.sum(np.ascontiguousarray(products), axis=-1)
    return sums if b.ndim == 2 else sums[:, 0]
