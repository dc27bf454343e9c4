"""Gradient descent on quadratic losses: where it begins to diverge.

The loss is c ||X beta - y||^2 and its Hessian H = 2 c X^T X. With e_i the coordinate of
beta - beta* along eigenvector i of H, a step of size eta is e_i -> (1 - eta lambda_i) e_i, so that
gradient descent converges for eta < 2 / lambda_max(H), alternates in the top direction between
+-e_1 for ever at equality (the others vanish; the loss stays at lambda_max e_1^2 / 2 above its
minimum), and diverges above, unless e_1 = 0 at the start.

So the threshold is 2 / lambda_max of the *Hessian*. In terms of X^T X it is 1 / lambda_max for the
loss ||X beta - y||^2, 2 / lambda_max with a factor 1/2, and 2 n / lambda_max with 1 / (2n).
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sparsestep.fields import Fraction, PositiveInt
from sparsestep.simulations.quadratic_losses import (
    FACTORS,
    Normalisation,
    Problems,
    largest_curvature,
)


class Spec(Problems):
    """The threshold of every X and normalisation, measured by bisection on runs of `steps`."""

    kind: Literal["quadratic"]
    replicates: Annotated[PositiveInt, Field(le=10_000, description="draws of X for each shape")]
    normalisations: Annotated[list[Normalisation], Field(min_length=1, description="of the loss")]
    steps: Annotated[PositiveInt, Field(ge=100, description="of the longest runs")]
    # Two neighbouring numbers differ by 2e-16, and no bracket is narrower.
    tolerance: Annotated[Fraction, Field(ge=1e-12)] = Field(
        description="relative width of the final bracket"
    )


def simulate(spec: Spec, threads: int) -> dict[str, np.ndarray]:
    """One row a replicate of every shape and normalisation.

    Columns: `n`, `d`, `normalisation`, `replicate`, `exact` = 2 / lambda_max of the Hessian,
    `measured`: the smallest step size with which the gradient grows (NaN: none was found),
    `of_gram` = 2 / lambda_max of X^T X, the threshold only for the loss with the factor 1/2.
    """
    from concurrent.futures import ThreadPoolExecutor

    from sparsestep.simulations.quadratic_kernel import threshold

    def row(case):
        shape, replicate, name = case
        x, y, start = spec.draw(shape, replicate)
        factor = FACTORS[name](len(x))
        return {
            "n": x.shape[0],
            "d": x.shape[1],
            "normalisation": name,
            "replicate": replicate,
            "exact": 2 / largest_curvature(x, factor),
            "measured": threshold(x, y, start, factor, spec.steps, spec.tolerance),
            "of_gram": 2 / largest_curvature(x, 0.5),
        }

    cases = [
        (shape, replicate, name)
        for shape in range(len(spec.shapes))
        for name in spec.normalisations
        for replicate in range(spec.replicates)
    ]
    with ThreadPoolExecutor(threads) as pool:
        rows = list(pool.map(row, cases))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
