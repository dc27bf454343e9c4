"""RMSprop (Tieleman and Hinton 2012), as torch.optim.RMSprop."""

from typing import Literal

from pydantic import Field

from sparsestep.algorithms.optimisers import Beta, DecayingSpec, NotNegative


class Spec(DecayingSpec):
    """theta -= eta g / (sqrt(v) + eps), v = alpha v + (1 - alpha) g^2.

    With momentum, theta -= eta b, b = momentum b + g / (sqrt(v) + eps).
    """

    kind: Literal["rmsprop"]
    alpha: Beta = Field(default=0.99, description="of the running mean of the squared gradient")
    momentum: NotNegative = Field(default=0.0, description="of the updates; 0: none")
    centered: bool = Field(
        default=False, description="v less the square of the running mean of the gradient"
    )
