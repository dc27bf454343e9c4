"""The block `sweeps:` of config.yaml: of some keys, or of step size and duration."""

from typing import Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny
from pydantic_core import PydanticKnownError

from sparsestep.config.key_sweeps import KeySweep
from sparsestep.config.kinds import validate
from sparsestep.config.phase_sweeps import PhaseSweep
from sparsestep.fields import Closed


def read(block: Any) -> Closed:
    """A KeySweep where the block says `over` what, else a PhaseSweep; raises ValidationError."""
    if isinstance(block, Closed):
        return block
    if not isinstance(block, dict):
        raise PydanticKnownError("dict_type")
    return validate(KeySweep if "over" in block else PhaseSweep, block)


Sweep = Annotated[SerializeAsAny[Closed], BeforeValidator(read)]
