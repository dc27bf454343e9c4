"""Stochastic gradient descent with batch size 1 (paper: section 2)."""

from typing import Literal

from pydantic import Field

from sparsestep.algorithms.base import SmallNetworkSpec


class Spec(SmallNetworkSpec):
    """theta -= eta grad l_i(theta), i the sample that the problem's order gives."""

    kind: Literal["sgd"]
    log_loss: bool = Field(
        default=False, description="keep the training loss before every update, for runs `of` it"
    )
