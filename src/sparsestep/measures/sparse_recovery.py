"""Distance of the effective weights of a diagonal network from the sparse truth."""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed, Fraction

if TYPE_CHECKING:
    from sparsestep.models.diagonal import Network as Diagonal

NEEDS = ("beta_star",)


class Spec(Closed):
    """What counts as zero."""

    l0_threshold: Fraction = Field(default=1e-50, description="|beta_j| above it is non-zero")


def columns(options: Spec) -> list[str]:
    """What `measure` returns."""
    return ["l0", "beta_error", "off_support_share"]


def measure(
    problem: Problem, trajectory: Trajectory, network: "Diagonal", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """Three columns, each (R, S), of beta = u * v.

    `l0`: number of coordinates with |beta_j| > l0_threshold (paper: Fig. 2).
    `beta_error`: ||beta - beta*||_2.
    `off_support_share`: sum of |beta_j| where beta*_j = 0, divided by ||beta||_1; NaN at beta = 0.
    """
    beta = network.effective_weights(trajectory.parameters)
    beta_star = problem.truth["beta_star"][:, None, :]
    size = np.abs(beta)
    l0 = np.sum(size > options.l0_threshold, axis=-1).astype(np.float64)
    l0[np.isnan(beta).any(axis=-1)] = np.nan
    l1 = size.sum(axis=-1)
    off_support = np.where(beta_star == 0, size, 0.0).sum(axis=-1)
    share = np.divide(off_support, l1, out=np.full_like(l1, np.nan), where=l1 > 0)
    error = np.linalg.norm(beta - beta_star, axis=-1)
    return {"l0": l0, "beta_error": error, "off_support_share": share}
