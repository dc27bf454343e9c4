"""Options that the optimisers with a state share: batches, and where states begin."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from sparsestep.algorithms.base import SmallNetworkSpec
from sparsestep.fields import PositiveFloat, PositiveInt

# Of the current value in a running mean.
Beta = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _whole_number_or_all(size: Any) -> Any:
    # Both branches of a union would tell what they miss.
    number = float(size) if isinstance(size, str) and size.isdecimal() else size
    is_whole = isinstance(number, int | float) and not isinstance(number, bool)
    if size != "all" and not (is_whole and number >= 1 and number == int(min(number, 2**31 - 1))):
        raise ValueError("must be a whole number from 1 on, or all")
    return size if size == "all" else int(number)


BatchSize = Annotated[PositiveInt | Literal["all"], BeforeValidator(_whole_number_or_all)]


class OptimiserSpec(SmallNetworkSpec):
    """Base of the `Spec` of optimisers: of which samples a gradient is the mean.

    Names and defaults of the options are those of `torch.optim`. The step size is the schedule's,
    the batches are those of SGD with these options (`training/batches.py`).
    """

    batch_size: BatchSize = Field(
        default=1,
        description="B, samples in an update; all: every sample once",
    )
    sampling: Literal["replacement", "epochs"] = Field(
        default="replacement",
        description="samples of an update: drawn with replacement, or by turns of all samples",
    )

    @model_validator(mode="after")
    def _all_are_not_drawn(self) -> "OptimiserSpec":
        if self.batch_size == "all" and self.sampling != "replacement":
            raise ValueError("sampling is of batches, and batch_size is all; leave it out")
        return self

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
