"""Adam (Kingma and Ba 2015, arXiv 1412.6980), as torch.optim.Adam."""

from typing import Literal

from pydantic import Field

from sparsestep.algorithms.optimisers import Beta, DecayingSpec


class Spec(DecayingSpec):
    """theta -= eta m^ / (sqrt(v^) + eps), m^ and v^ running means of g and g^2, less their bias.

    m = b1 m + (1 - b1) g, m^ = m / (1 - b1^t), and so v of g^2 with b2, coordinate by coordinate.
    """

    kind: Literal["adam"]
    betas: tuple[Beta, Beta] = Field(default=(0.9, 0.999), description="b1 and b2")
    amsgrad: bool = Field(default=False, description="divide by the largest v so far")
