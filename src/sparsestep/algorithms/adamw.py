"""Adam with decoupled weight decay (Loshchilov and Hutter 2019), as torch.optim.AdamW."""

from typing import Literal

from pydantic import Field

from sparsestep.algorithms.optimisers import Beta, DecayingSpec, NotNegative


class Spec(DecayingSpec):
    """theta *= 1 - eta weight_decay, then Adam's update."""

    kind: Literal["adamw"]
    betas: tuple[Beta, Beta] = Field(
        default=(0.9, 0.999), description="of the running means of the gradient and of its square"
    )
    amsgrad: bool = Field(default=False, description="divide by the largest mean square so far")
    weight_decay: NotNegative = Field(
        default=0.01, description="times the step size, the share by which parameters shrink"
    )
