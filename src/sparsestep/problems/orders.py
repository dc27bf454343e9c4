"""Sampling orders of the notebooks."""

import numpy as np


def permutation_order(
    seeds: list[int], samples: int, iterations: int, replicates: range
) -> np.ndarray:
    """Order of every replicate, (R, iterations), int32; one seed for each, or one for all.

    At every step the first entry of `RandomState(seed).permutation(samples)`, one continuing
    stream: what the notebooks of the ReLU networks do.
    """
    order = np.empty((len(replicates), iterations), dtype=np.int32)
    order[:] = [_first_of_permutations(seed, samples, iterations) for seed in seeds]
    return order


def _first_of_permutations(seed: int, samples: int, iterations: int) -> np.ndarray:
    stream = np.random.RandomState(seed)
    firsts = (stream.permutation(samples)[0] for _ in range(iterations))
    return np.fromiter(firsts, dtype=np.int32, count=iterations)
