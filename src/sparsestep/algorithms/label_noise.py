"""Noise on the labels of full-batch descent, drawn step by step.

All full-batch algorithms here are gradient descent on labels that change at every update:

    theta -= (gamma f / n) sum_i (h(x_i) - y_i - zeta_i) grad h(x_i)

with f = 1 for the loss (1/2n) sum (h - y)^2 and f = 2 for (1/n) sum (h - y)^2. They differ in zeta,
which is a draw (additive) or a draw times the residual h(x_i) - y_i (multiplicative).
"""

import numpy as np

from sparsestep import replicate_seeds
from sparsestep.artifacts.arrays import Problem

# The streams data, init and order have the numbers 0, 1, 2 (seeds.py).
_STREAM = 3


class GaussianNoise:
    """zeta = amplitude(t) Z, or times the residual; Z independent N(0, 1) a sample and update.

    `amplitudes` is a number, or has one entry an iteration, (T,). One stream a replicate, read in
    order: how many updates a call draws does not matter.
    """

    def __init__(
        self,
        problem: Problem,
        row: int,
        amplitudes: float | np.ndarray,
        substeps: int = 1,
        multiplicative: bool = False,
    ):
        self.multiplicative = multiplicative
        self._amplitudes = amplitudes
        self._substeps = substeps
        self._samples = problem.y_train.shape[-1]
        self._stream = np.random.Generator(np.random.SFC64(noise_seed(problem, row)))

    def draw(self, first: int, count: int) -> np.ndarray:
        """zeta (or what the residual is multiplied by) of updates first, ..., (count, n)."""
        drawn = self._stream.standard_normal((count, self._samples))
        if np.ndim(self._amplitudes) == 0:
            return drawn * self._amplitudes
        at = np.arange(first, first + count) // self._substeps
        return drawn * self._amplitudes[at, None]


def noise_seed(problem: Problem, row: int) -> np.random.SeedSequence:
    """Seed of a replicate's noise: SeedSequence([seed of its sampling order, 3]).

    So replicates that differ in the order differ in the noise, and all runs of an experiment share
    it, as they share the order.
    """
    return np.random.SeedSequence([replicate_seeds.seed_of(problem, row, "order"), _STREAM])
