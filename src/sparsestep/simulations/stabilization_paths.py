"""Single runs of the iteration of `stabilization.py`, step by step."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sparsestep.fields import Closed, Fraction, PositiveFloat, PositiveInt, Seed
from sparsestep.simulations.inputs import Inputs


class Spec(Closed):
    """One distribution of x, some step sizes, some starts; theta* is 1."""

    kind: Literal["stabilization_paths"]
    inputs: Inputs = Field(description="distribution of x")
    gamma_max: Annotated[
        list[PositiveFloat], Field(min_length=1, description="eta (theta* x_max)^2")
    ]
    starts: Annotated[list[Fraction], Field(min_length=1, description="theta_0 / theta*")]
    steps: PositiveInt = Field(description="T")
    seed: Seed = Field(description="of x; every start has inputs of its own")


def simulate(spec: Spec, threads: int) -> dict[str, np.ndarray]:
    """One row a step 0..T of every step size and start.

    Columns: `gamma_min`, `gamma_max`, `start`, `step`, `theta` (in units of theta*).
    """
    from sparsestep.simulations.stabilization_kernel import advance

    rng = np.random.default_rng(spec.seed)
    x = spec.inputs.at(rng.random((spec.steps, len(spec.starts))))
    parts = []
    for gamma in spec.gamma_max:
        path = np.empty((spec.steps + 1, len(spec.starts)))
        path[0] = spec.starts
        advance(path, x, gamma / spec.inputs.high**2, 1.0)
        shape = path.T.shape
        parts.append(
            {
                "gamma_min": np.full(path.size, gamma / spec.inputs.ratio),
                "gamma_max": np.full(path.size, gamma),
                "start": np.repeat(spec.starts, spec.steps + 1),
                "step": np.broadcast_to(np.arange(spec.steps + 1), shape).ravel(),
                "theta": path.T.ravel(),
            }
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
