"""Stochastic gradient descent with batch size 1 (paper: section 2)."""

from typing import Literal

from pydantic import Field

from sparsestep.algorithms.perturbation import PerturbedStart
from sparsestep.fields import AddedField


class Spec(PerturbedStart):
    """theta -= eta grad l_i(theta), i the sample that the problem's order gives."""

    kind: Literal["sgd"]
    log_loss: bool = Field(
        default=False, description="keep the training loss before every update, for runs `of` it"
    )
    precision: Literal["float64", "float32"] = AddedField(
        default="float64", description="of parameters and updates; float32 for ReLU networks alone"
    )
