"""Rank, stable rank and effective rank of the Jacobian of networks with any activation."""

from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed
from sparsestep.measures import mlp_jacobian
from sparsestep.measures.mlp_jacobian import NEEDS, Spec, columns
from sparsestep.measures.snapshots import measure_chunks

if TYPE_CHECKING:
    from sparsestep.models.general_mlp import Network

__all__ = ["NEEDS", "Spec", "columns", "measure", "mistakes"]


def mistakes(options: Spec, problem: Closed, network: "Network") -> dict[tuple, str]:
    """Fewer rows than parameters, which bounds the rank; random points asked for twice."""
    found = mlp_jacobian.mistakes(options, problem, network)
    found.pop(("problem", "n_fresh"), None)
    outputs, parameters = network.sizes[-1], network.parameter_count
    needed = -(-parameters // outputs)
    fresh = getattr(problem, "n_fresh", needed)
    if fresh < needed:
        rows = "the network's parameters" + (" over its outputs" if outputs > 1 else "")
        what = f"got {fresh}; must be at least {needed}, {rows}"
        found["problem", "n_fresh"] = f"{what}, for measure.jacobian_rank"
    return found


def measure(
    problem: Problem, trajectory: Trajectory, network: "Network", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """Ranks, each (R, S), of phi, whose row (i, k) is grad_theta of output k at x_i.

    The inputs x_i are the problem's `x_fresh`; the rows are at least as many as the parameters.
    What the columns are says `mlp_jacobian.measure`.
    """
    from sparsestep.measures import autograd

    thresholds = np.array([options.threshold, *options.further_thresholds])

    def ranks(theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        phis = autograd.jacobian(network, theta, x)
        return np.stack([mlp_jacobian._ranks(phi, thresholds) for phi in phis])

    def of_chunk(row: int, theta: np.ndarray) -> np.ndarray:
        fresh = problem.of_replicate("x_fresh", row)
        if not options.random_points:
            return ranks(theta, fresh)
        at_random = ranks(theta, mlp_jacobian.random_inputs(problem, row))
        return np.column_stack([at_random, ranks(theta, fresh)[:, 0]])

    rows = problem.truth["x_fresh"].shape[1] * network.sizes[-1]
    numbers_each = rows * network.parameter_count
    return measure_chunks(trajectory, network, columns(options), of_chunk, numbers_each, threads)
