"""Stochastic gradient descent with batch size 1 (paper: section 2)."""

from typing import Literal

from pydantic import Field, model_validator

from sparsestep.algorithms.perturbation import PerturbedStart


class Spec(PerturbedStart):
    """theta -= eta grad l_i(theta), i the sample that the problem's order gives."""

    kind: Literal["sgd"]
    log_loss: bool = Field(
        default=False, description="keep the training loss before every update, for runs `of` it"
    )

    @model_validator(mode="after")
    def _goes_together(self) -> "Spec":
        # The losses come of training block by block, each from where the last one ended.
        if self.log_loss and self.perturbation:
            raise ValueError("log_loss and perturbation do not go together; leave out one of them")
        return self
