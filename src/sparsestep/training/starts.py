"""Initial parameters from which a run starts: the problem's, or near them."""

import dataclasses

import numpy as np

from sparsestep import replicate_seeds
from sparsestep.artifacts.arrays import Problem

# The streams of other random numbers have other ones (seeds.py).
_STREAM = 5


def perturbed(problem: Problem, spec: dict) -> Problem:
    """The problem with the initial parameters that a run starts from, (1 or R, P), float64.

    With a `perturbation` of the algorithm, every parameter theta_j of replicate r > 0 becomes
    theta_j (1 + size Z_j), Z_j independent N(0, 1): what is zero stays zero. Replicate 0 stays what
    it is, so that the others can be compared with it. The draws of a replicate follow from the seed
    `init_seed` and its number alone, SeedSequence([init_seed, r, 5]): they are the same in any
    batch, and differ between replicates that share initial parameters, data and order.
    """
    size = spec["algorithm"].get("perturbation", 0.0)
    if not size:
        return problem
    starts = [start(problem, row, size) for row in range(len(problem.order))]
    return dataclasses.replace(problem, theta0=np.stack(starts))


def start(problem: Problem, row: int, size: float) -> np.ndarray:
    """Initial parameters of the replicate in `row`, (P,), perturbed by `size`."""
    theta = problem.of_replicate("theta0", row)
    replicate = replicate_seeds.number_of(problem, row)
    if replicate == 0:
        return theta
    init_seed = replicate_seeds.seeds_in(problem).init_seed
    seed = np.random.SeedSequence([init_seed, replicate, _STREAM])
    z = np.random.Generator(np.random.SFC64(seed)).standard_normal(len(theta))
    return theta * (1.0 + size * z)
