"""A plane through the loss surface of a diagonal network (paper: Fig. 3)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Problem
from sparsestep.models.squared_loss import mean_squared_loss

if TYPE_CHECKING:
    from sparsestep.models.diagonal import Network as Diagonal

# Of both directions, as published.
COEFFICIENTS = np.linspace(-0.5, 2.3, 100)


@dataclass(frozen=True)
class Slice:
    """Parameters origin + a first + b second; the directions, each (P,), are orthogonal."""

    origin: np.ndarray
    first: np.ndarray
    second: np.ndarray

    def parameters(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """theta, (..., P), of coefficients (...)."""
        return self.origin + a[..., None] * self.first + b[..., None] * self.second

    def coefficients(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """a and b, each (...), of the orthogonal projection of parameters (..., P)."""
        offset = theta - self.origin
        a, b = (offset @ way / (way @ way) for way in (self.first, self.second))
        return a, b


def slice_through(start: np.ndarray, solution: np.ndarray, flow: np.ndarray) -> Slice | None:
    """The plane through three points (P,): first = solution - start, second = flow's part off it.

    Coefficients of start are (0, 0), of solution (1, 0), of flow (<flow - start, first> /
    |first|^2, 1). None where the points do not span a plane, or are not finite.
    """
    first, offset = solution - start, flow - start
    length = first @ first
    second = offset - (offset @ first / length if length else 0.0) * first
    # Rounding leaves something of two parallel vectors.
    if not np.isfinite(flow).all() or second @ second <= 1e-20 * (offset @ offset) or not length:
        return None
    return Slice(start, first, second)


def sparse_solution(beta_star: np.ndarray) -> np.ndarray:
    """w* = (sqrt(beta*), sqrt(beta*)), (2d,): u * v = beta*, with |u| = |v|."""
    return np.tile(np.sqrt(beta_star), 2)


def folded(theta: np.ndarray, fold: str) -> np.ndarray:
    """Parameters (..., 2d) with signs taken away; what is left depends on `fold`.

    absolute: (|u|, |v|). pairs: u_j and v_j change sign together where u_j + v_j < 0, which leaves
    u * v, and with it the network, as it is.
    """
    if fold == "absolute":
        return np.abs(theta)
    u, v = np.split(theta, 2, axis=-1)
    sign = np.where(u + v < 0, -1.0, 1.0)
    return theta * np.concatenate([sign, sign], axis=-1)


def training_loss(
    network: "Diagonal", theta: np.ndarray, problem: Problem, row: int = 0
) -> np.ndarray:
    """Training loss, (S,), of parameters (S, P), on the data of a replicate."""
    x, y = problem.of_replicate("x_train", row), problem.of_replicate("y_train", row)
    return mean_squared_loss(network, theta, x, y)


def grid_losses(network: "Diagonal", plane: Slice, problem: Problem) -> np.ndarray:
    """Training loss of replicate 0's data on the grid, (b, a), float64."""
    a, b = np.meshgrid(COEFFICIENTS, COEFFICIENTS)
    theta = plane.parameters(a.ravel(), b.ravel())
    return training_loss(network, theta, problem).reshape(a.shape)
