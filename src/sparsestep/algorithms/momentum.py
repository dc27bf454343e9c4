"""Options of what an update makes of a gradient: momentum and weight decay."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from sparsestep.algorithms.base import SmallNetworkSpec
from sparsestep.fields import Float

NotNegative = Annotated[Float, Field(ge=0)]


class MomentumSpec(SmallNetworkSpec):
    """The update of `torch.optim.SGD`, without its dampening, with a step size eta an iteration.

    g = gradient + lambda theta, v = mu v + g with v = g at first, and theta -= eta v (heavy ball)
    or, of Nesterov, theta -= eta (g + mu v).
    """

    momentum: Annotated[Float, Field(ge=0, lt=1)] = Field(
        default=0.0, description="mu, share of the last update's direction that stays in this one's"
    )
    nesterov: bool = Field(
        default=False, description="Nesterov's momentum in place of the heavy ball's"
    )
    weight_decay: NotNegative = Field(
        default=0.0, description="lambda, of lambda theta that is added to the gradient"
    )

    @field_validator("nesterov")
    @classmethod
    def _has_momentum(cls, nesterov: bool, others: ValidationInfo) -> bool:
        if nesterov and others.data.get("momentum") == 0:
            raise ValueError("needs a momentum, as momentum: 0.9")
        return nesterov
