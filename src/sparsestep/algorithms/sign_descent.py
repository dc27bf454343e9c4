"""Sign descent, and with momentum Signum (Bernstein et al. 2018, arXiv 1802.04434)."""

from typing import Literal

from pydantic import Field

from sparsestep.algorithms.optimisers import Beta, OptimiserSpec


class Spec(OptimiserSpec):
    """theta -= eta sign(m), m = momentum m + (1 - momentum) g; sign(0) = 0.

    torch.optim has none. Adam with betas (0, 0) and eps 0 is the same where no gradient is 0.
    """

    kind: Literal["sign_descent"]
    momentum: Beta = Field(default=0.0, description="of the running mean of the gradient; 0: none")
