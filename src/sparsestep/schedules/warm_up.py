"""The linear growth that schedules may begin with, and shares of T that may be zero."""

from typing import Annotated

import numpy as np
from pydantic import Field

from sparsestep.fields import Float

Share = Annotated[Float, Field(ge=0, lt=1)]


def grown(warm_up: float, iterations: int) -> np.ndarray:
    """min((t + 1) / (w + 1), 1) of every iteration t, shape (iterations,), float64.

    w = int(warm_up * T) iterations lie before the peak; the first one is not zero.
    """
    return np.minimum((np.arange(iterations) + 1) / (int(warm_up * iterations) + 1), 1.0)
