"""Full-batch gradient descent."""

from typing import Literal

from sparsestep.algorithms.perturbation import PerturbedStart
from sparsestep.artifacts.arrays import Problem
from sparsestep.fields import AddedField


class Spec(PerturbedStart):
    """theta -= eta grad L(theta)."""

    kind: Literal["gd"]
    precision: Literal["float64", "float32"] = AddedField(
        default="float64", description="of parameters and updates; float32 for ReLU networks alone"
    )

    @property
    def is_random(self) -> bool:
        """They do not: replicates with the same start and data are the same."""
        return False


def noise(
    options: Spec, problem: Problem, row: int, loss_factor: float, train_loss: object
) -> None:
    """None: the labels are what they are."""
    return None
