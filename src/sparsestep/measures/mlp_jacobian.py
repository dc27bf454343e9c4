"""Rank, stable rank and effective rank of the Jacobian of a ReLU network."""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from sparsestep import replicate_seeds
from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import AddedField, Closed, Fraction, Thresholds
from sparsestep.measures import backpropagation
from sparsestep.measures.columns import at_threshold
from sparsestep.measures.snapshots import measure_chunks

if TYPE_CHECKING:
    from sparsestep.models.mlp import Network as Mlp

NEEDS = ("x_fresh",)

# Problems whose x_fresh are evenly spaced.
_EVENLY_SPACED = ("kink_regression",)
# The last word of the seeds of random points; `seeds.py` lists the others.
_STREAM = 6

# Rounding of the eigenvalues of phi phi^T beside the largest; observed is at most a tenth of it.
_EIGENVALUE_ERROR = 1e-13
# Where the largest eigenvalue is smaller, the others underflow.
_SMALLEST_SQUARE = 1e-250


class Spec(Closed):
    """Where a singular value ends to count."""

    threshold: Fraction = Field(default=1e-4, description="on s_i / s_1; column jacobian_rank")
    further_thresholds: Thresholds = Field(
        default=[], description="more columns, jacobian_rank@<threshold>"
    )
    random_points: bool = AddedField(
        default=False,
        description="at random points, not at a problem's evenly spaced ones: jacobian_rank_even",
    )


def columns(options: Spec) -> list[str]:
    """What `measure` returns."""
    further = [at_threshold("jacobian_rank", t) for t in options.further_thresholds]
    even = ["jacobian_rank_even"] if options.random_points else []
    return ["jacobian_rank", *further, "stable_rank", "entropy_rank", *even]


def mistakes(options: Spec, problem: Closed, network: "Mlp") -> dict[tuple, str]:
    """Fewer fresh inputs than parameters, which bounds the rank; random points asked for twice."""
    parameters, found = network.parameter_count, {}
    fresh = getattr(problem, "n_fresh", parameters)
    if fresh < parameters:
        what = f"got {fresh}; must be at least {parameters}, the network's parameters"
        found["problem", "n_fresh"] = f"{what}, for measure.jacobian_rank"
    if options.random_points and problem.kind not in _EVENLY_SPACED:
        valid = ", ".join(_EVENLY_SPACED)
        what = f"is for problems whose fresh inputs are evenly spaced ({valid})"
        found["measure", "jacobian_rank", "random_points"] = (
            f"{what}; those of {problem.kind} are random already"
        )
    return found


def measure(
    problem: Problem, trajectory: Trajectory, network: "Mlp", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """Ranks, each (R, S), of phi, whose row i is grad_theta h(x_i) at P fresh inputs x_i.

    The P inputs (as many as parameters) are the problem's `x_fresh`. With s_1 >= s_2 >= ... the
    singular values of phi,

    - `jacobian_rank`, `jacobian_rank@<threshold>`: number of s_i with s_i / s_1 > threshold (paper:
      section 4);
    - `stable_rank`: sum s_i^2 / s_1^2 = ||phi||_F^2 / ||phi||_2^2;
    - `entropy_rank`: exp(-sum p_i log p_i) with p_i = s_i / sum s, the effective rank of Roy &
      Vetterli 2007 (The effective rank: a measure of effective dimensionality, EUSIPCO); accurate
      to 1e-4.

    All are 0 where phi is 0. With `random_points`, all are at inputs drawn uniformly between the
    smallest and the largest x_fresh (as published), which a replicate keeps over its snapshots and
    runs (`random_inputs`), and

    - `jacobian_rank_even`: what jacobian_rank is without, at x_fresh itself.
    """
    thresholds = np.array([options.threshold, *options.further_thresholds])

    def of_chunk(row: int, theta: np.ndarray) -> np.ndarray:
        fresh = problem.of_replicate("x_fresh", row)
        if not options.random_points:
            return _ranks_at(network, theta, fresh, thresholds)
        ranks = _ranks_at(network, theta, random_inputs(problem, row), thresholds)
        even = _ranks_at(network, theta, fresh, thresholds[:1])
        return np.column_stack([ranks, even[:, 0]])

    numbers_each = problem.truth["x_fresh"].shape[1] * network.parameter_count
    return measure_chunks(trajectory, network, columns(options), of_chunk, numbers_each, threads)


def random_inputs(problem: Problem, row: int) -> np.ndarray:
    """As many inputs as x_fresh has, (P, d), uniform between its smallest and largest, float64.

    Drawn for each replicate from SeedSequence([seed of its initial parameters, 6]).
    """
    fresh = problem.of_replicate("x_fresh", row)
    of_init = replicate_seeds.seed_of(problem, row, "init")
    stream = np.random.default_rng(np.random.SeedSequence([of_init, _STREAM]))
    return stream.uniform(fresh.min(axis=0), fresh.max(axis=0), fresh.shape)


def _ranks_at(
    network: "Mlp", theta: np.ndarray, x: np.ndarray, thresholds: np.ndarray
) -> np.ndarray:
    """Ranks of phi at inputs x, (n, d), of parameters (C, P); (C, columns)."""
    phis = backpropagation.folded_jacobian(network, theta, x)
    return np.stack([_ranks(phi, thresholds) for phi in phis])


def _ranks(phi: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    values = _singular_values(phi, thresholds)
    if not values[0] > 0:
        return np.zeros(len(thresholds) + 2)
    values /= values[0]
    counts = (values > thresholds[:, None]).sum(axis=1)
    shares = values[values > 0] / values.sum()
    return np.array([*counts, (values**2).sum(), np.exp(-(shares * np.log(shares)).sum())])


def _singular_values(phi: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """From the largest down, accurate enough to compare with thresholds * largest.

    The eigenvalues of phi^T phi or phi phi^T, whichever is smaller, take half the time of an SVD;
    they are off by up to 1e-16 times the largest, 1e-8 in terms of singular values. Where that
    leaves a count in doubt (always below 3e-7, hardly ever at 1e-4) there is an SVD after all.
    """
    # Columns of dead units: a smaller problem.
    phi = phi[:, phi.any(axis=0)]
    if phi.size == 0:
        return np.zeros(1)
    gram = phi.T @ phi if phi.shape[0] > phi.shape[1] else phi @ phi.T
    squares = np.linalg.eigvalsh(gram)[::-1]
    distance = np.abs(squares - thresholds[:, None] ** 2 * squares[0])
    if (distance <= _EIGENVALUE_ERROR * squares[0]).any() or squares[0] < _SMALLEST_SQUARE:
        return np.linalg.svd(phi, compute_uv=False)
    return np.sqrt(np.maximum(squares, 0.0))
