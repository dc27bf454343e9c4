"""Rank of the Jacobian of a diagonal linear network."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed, Fraction, Thresholds
from sparsestep.measures.columns import at_threshold

if TYPE_CHECKING:
    from sparsestep.models.diagonal import Network as Diagonal


class Spec(Closed):
    """Where a singular value ends to count."""

    threshold: Fraction = Field(default=1e-15, description="on s_i / s_1; column jacobian_rank")
    further_thresholds: Thresholds = Field(
        default=[], description="more columns, jacobian_rank@<threshold>"
    )


def columns(options: Spec) -> list[str]:
    """What `measure` returns."""
    further = [at_threshold("jacobian_rank", t) for t in options.further_thresholds]
    return ["jacobian_rank", *further]


def measure(
    problem: Problem, trajectory: Trajectory, network: "Diagonal", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """`jacobian_rank` and `jacobian_rank@<threshold>`, each (R, S).

    The number of singular values s_i of phi with s_i / s_1 > threshold, where row i of phi is the
    gradient of h at the i-th of the first 2d test points (all, if fewer): phi = [X diag(v),
    X diag(u)] (paper: section 3.1, Fig. 2). phi phi^T = X diag(u^2 + v^2) X^T, so the s_i are
    those of X diag(w) with w = sqrt(u^2 + v^2), which `scaled_rank.count` counts.
    """
    # Not at the top of the file: reading config.yaml needs Spec, but not the compiler.
    from sparsestep.measures import scaled_rank

    thresholds = np.array([options.threshold, *options.further_thresholds])
    factors = {}

    def of_replicate(row: int) -> np.ndarray:
        x = problem.of_replicate("x_test", row)[: trajectory.parameters.shape[-1]]
        key = row if len(problem.x_test) > 1 else 0
        if key not in factors:
            factors[key] = scaled_rank.factor(x)
        u, v = network.split(trajectory.parameters[row])
        return scaled_rank.count(factors[key], np.hypot(u, v), thresholds)

    with ThreadPoolExecutor(threads) as pool:
        ranks = np.stack(list(pool.map(of_replicate, range(len(trajectory.parameters)))))
    return {name: ranks[..., column] for column, name in enumerate(columns(options))}
