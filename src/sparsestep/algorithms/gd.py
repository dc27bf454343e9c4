"""Full-batch gradient descent."""

from typing import Literal

from sparsestep.algorithms.base import SmallNetworkSpec
from sparsestep.artifacts.arrays import Problem


class Spec(SmallNetworkSpec):
    """theta -= eta grad L(theta)."""

    kind: Literal["gd"]

    @property
    def is_random(self) -> bool:
        """They do not: replicates with the same start and data are the same."""
        return False


def noise(
    options: Spec, problem: Problem, row: int, loss_factor: float, train_loss: object
) -> None:
    """None: the labels are what they are."""
    return None
