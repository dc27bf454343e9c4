"""The diagonal linear network h(x) = <u * v, x> (paper: section 3)."""

from typing import Literal

import numpy as np
from pydantic import Field

from sparsestep.fields import Closed, Float

# Training and test loss are (1/2n) sum_i (h(x_i) - y_i)^2: this factor times the mean square.
LOSS_FACTOR = 0.5


class Spec(Closed):
    """theta = (u, v), 2d parameters; both start at a constant."""

    kind: Literal["diagonal"]
    u: Float = Field(description="initial value of every coordinate of u")
    v: Float = Field(description="initial value of every coordinate of v")


def initial_parameters(spec: Spec, dimension: int, seed: int) -> np.ndarray:
    """theta_0 = (u, v), shape (2 * dimension,), float64; nothing is random about it."""
    return np.repeat([spec.u, spec.v], dimension).astype(np.float64)


def split(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Views of u and v, each (..., d), of parameters (..., 2d)."""
    dimension = theta.shape[-1] // 2
    return theta[..., :dimension], theta[..., dimension:]


def effective_weights(theta: np.ndarray) -> np.ndarray:
    """beta = u * v, shape (..., d), of parameters (..., 2d)."""
    u, v = split(theta)
    return u * v


def predict(theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """h(x), shape (snapshots, n), of parameters (snapshots, 2d) on inputs (n, d)."""
    return effective_weights(theta) @ x.T
