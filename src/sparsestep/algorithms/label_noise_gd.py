"""Full-batch gradient descent on labels with Gaussian noise of constant variance.

Source: Pillaud-Vivien, Reygner, Flammarion (2022), arXiv 2206.09841.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from sparsestep.algorithms.base import SmallNetworkSpec
from sparsestep.algorithms.label_noise import GaussianNoise
from sparsestep.artifacts.arrays import Problem
from sparsestep.fields import PositiveFloat


class Spec(SmallNetworkSpec):
    """theta -= eta grad L(theta) with labels y + sqrt(delta) Z, Z ~ N(0, I_n) at every update."""

    kind: Literal["label_noise_gd"]
    variance: PositiveFloat = Field(description="delta, variance of each label's noise")


def noise(
    options: Spec, problem: Problem, row: int, loss_factor: float, train_loss: object
) -> GaussianNoise:
    """The label noise of the replicate in `row`."""
    return GaussianNoise(problem, row, np.sqrt(options.variance))
