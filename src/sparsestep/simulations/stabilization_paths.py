"""Single runs of the iteration of `stabilization.py`, step by step."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sparsestep.fields import Closed, Fraction, PositiveFloat, PositiveInt, Seed
from sparsestep.simulations.inputs import Inputs


class Spec(Closed):
    """One distribution of x, one step size, some starts; theta* is 1."""

    kind: Literal["stabilization_paths"]
    inputs: Inputs = Field(description="distribution of x")
    gamma_max: PositiveFloat = Field(description="eta (theta* x_max)^2")
    starts: Annotated[
        list[Fraction], Field(min_length=1, max_length=5, description="theta_0 / theta*")
    ]
    steps: PositiveInt = Field(description="T")
    seed: Seed = Field(description="of x; every start has inputs of its own")


def simulate(spec: Spec, threads: int) -> dict[str, np.ndarray]:
    """One row a step 0..T of every start.

    Columns: `gamma_min`, `gamma_max`, `start`, `step`, `theta` (in units of theta*).
    """
    from sparsestep.simulations.stabilization_kernel import advance

    x = spec.inputs.at(np.random.default_rng(spec.seed).random((spec.steps, len(spec.starts))))
    path = np.empty((spec.steps + 1, len(spec.starts)))
    path[0] = spec.starts
    advance(path, x, spec.gamma_max / spec.inputs.high**2, 1.0)
    return {
        "gamma_min": np.full(path.size, spec.gamma_max / spec.inputs.ratio),
        "gamma_max": np.full(path.size, spec.gamma_max),
        "start": np.repeat(spec.starts, len(path)),
        "step": np.tile(np.arange(len(path)), len(spec.starts)),
        "theta": path.T.ravel(),
    }
