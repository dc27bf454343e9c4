"""SGD written as full-batch gradient descent on noisy labels (paper: Prop. 2.1)."""

from typing import Literal

import numpy as np
from pydantic import Field

from sparsestep.algorithms.base import SmallNetworkSpec
from sparsestep.artifacts.arrays import Problem
from sparsestep.fields import Name


class Spec(SmallNetworkSpec):
    """theta -= eta grad L(theta) with labels y + xi, [xi]_i = (h(x_i) - y_i)(1 - n 1{i = i_t}).

    i_t is the sample that SGD would take. In exact arithmetic the run is SGD's.
    """

    kind: Literal["gd_on_noisy_labels"]
    of: Name | None = Field(
        default=None, description="the SGD run whose step sizes it takes; none: its own schedule"
    )


class SamplingNoise:
    """xi over the residual: 1 - n 1{i = i_t}."""

    multiplicative = True

    def __init__(self, order: np.ndarray, samples: int):
        self._order = order
        self._samples = samples

    def draw(self, first: int, count: int) -> np.ndarray:
        """What the residuals are multiplied by in updates first, ..., (count, n)."""
        factors = np.ones((count, self._samples))
        factors[np.arange(count), self._order[first : first + count]] -= self._samples
        return factors


def noise(
    options: Spec, problem: Problem, row: int, loss_factor: float, train_loss: object
) -> SamplingNoise:
    """The label noise of the replicate in `row`."""
    return SamplingNoise(problem.order[row], problem.y_train.shape[-1])
