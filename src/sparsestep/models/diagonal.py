"""The diagonal linear network h(x) = <u * v, x> (paper: section 3)."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag

from sparsestep.fields import Closed, Float

Start = Annotated[
    Annotated[Float, Tag("<number>")] | Annotated[list[Float], Tag("<list>")],
    Discriminator(lambda value: "<list>" if isinstance(value, list) else "<number>"),
]


class Spec(Closed):
    """theta = (u, v), 2d parameters; nothing is random about where they start."""

    kind: Literal["diagonal"]
    u: Start = Field(description="initial value of every coordinate of u, or a list of d values")
    v: Start = Field(description="initial value of every coordinate of v, or a list of d values")


def mistakes(spec: Spec, dimension: int) -> dict[str, str]:
    """What is wrong with initial values on inputs of this dimension, by key."""
    values = {"u": spec.u, "v": spec.v}
    return {
        key: f"must have {dimension} entries, one an input"
        for key, value in values.items()
        if isinstance(value, list) and len(value) != dimension
    }


class Network:
    """The network on inputs of one dimension: parameters (..., 2d) are u, then v."""

    # Training and test loss are (1/2n) sum_i (h(x_i) - y_i)^2: this times the mean square.
    loss_factor = 0.5

    def __init__(self, spec: Spec, dimension: int):
        self.spec = spec
        self.dimension = dimension

    def initial_parameters(self, seed: int) -> np.ndarray:
        """theta_0, shape (2d,), float64; nothing is random about it."""
        u, v = (np.broadcast_to(part, self.dimension) for part in (self.spec.u, self.spec.v))
        return np.concatenate([u, v]).astype(np.float64)

    def split(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Views of u and v, each (..., d)."""
        return theta[..., : self.dimension], theta[..., self.dimension :]

    def effective_weights(self, theta: np.ndarray) -> np.ndarray:
        """beta = u * v, shape (..., d)."""
        u, v = self.split(theta)
        return u * v

    def predict(self, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        """h(x), shape (..., n), of parameters (..., 2d) on inputs (n, d)."""
        from sparsestep.arithmetic.layers import outputs, side_by_side

        beta = self.effective_weights(theta)
        h = outputs(beta.reshape(-1, self.dimension), None, side_by_side(x))
        return np.ascontiguousarray(h[:, : len(x)]).reshape(*theta.shape[:-1], len(x))
