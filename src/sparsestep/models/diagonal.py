"""The diagonal linear network h(x) = <u * v, x> (paper: section 3)."""

from typing import Literal

import numpy as np
from pydantic import Field

from sparsestep.fields import Closed, Float


class Spec(Closed):
    """theta = (u, v), 2d parameters; both start at a constant."""

    kind: Literal["diagonal"]
    u: Float = Field(description="initial value of every coordinate of u")
    v: Float = Field(description="initial value of every coordinate of v")


class Network:
    """The network on inputs of one dimension: parameters (..., 2d) are u, then v."""

    # Training and test loss are (1/2n) sum_i (h(x_i) - y_i)^2: this times the mean square.
    loss_factor = 0.5

    def __init__(self, spec: Spec, dimension: int):
        self.spec = spec
        self.dimension = dimension

    def initial_parameters(self, seed: int) -> np.ndarray:
        """theta_0, shape (2d,), float64; nothing is random about it."""
        return np.repeat([self.spec.u, self.spec.v], self.dimension).astype(np.float64)

    def split(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Views of u and v, each (..., d)."""
        return theta[..., : self.dimension], theta[..., self.dimension :]

    def effective_weights(self, theta: np.ndarray) -> np.ndarray:
        """beta = u * v, shape (..., d)."""
        u, v = self.split(theta)
        return u * v

    def predict(self, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        """h(x), shape (snapshots, n), of parameters (snapshots, 2d) on inputs (n, d)."""
        return self.effective_weights(theta) @ x.T
