"""Options that the optimisers with a state share: batches, and where states begin."""

from typing import Annotated, Literal

from pydantic import Field

from sparsestep.algorithms.base import SmallNetworkSpec
from sparsestep.fields import PositiveFloat, PositiveInt

# Of the current value in a running mean.
Beta = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class OptimiserSpec(SmallNetworkSpec):
    """Base of the `Spec` of optimisers: of which samples a gradient is the mean.

    Names and defaults of the options are those of `torch.optim`. The step size is the schedule's.
    """

    batch_size: PositiveInt | Literal["all"] = Field(
        default=1,
        description="samples of an update, drawn with replacement, the first as the problem's "
        "order says; all: every sample once",
    )

    @property
    def is_random(self) -> bool:
        """Those of all samples do not."""
        return self.batch_size != "all"


class DecayingSpec(OptimiserSpec):
    """Base of those with a `weight_decay` and an `eps`."""

    eps: PositiveFloat = Field(default=1e-8, description="added to the denominator")
    weight_decay: NotNegative = Field(
        default=0.0, description="times the parameters, added to the gradient"
    )
