"""Networks whose output no longer depends on the input."""

import numpy as np

# What is beside the output the rounding of a sum whose terms are the same for all samples.
_ROUNDING = 1e-12


def is_dead(predictions: np.ndarray) -> np.ndarray:
    """Whether h(x_i), shape (..., n), is the same for all n samples; shape (...), False for NaN.

    max h - min h <= 1e-12 max |h|. A ReLU network gets there when all units of a layer are off on
    every training sample; their gradient is then zero, so that no later step brings them back.
    """
    spread = predictions.max(axis=-1) - predictions.min(axis=-1)
    return spread <= _ROUNDING * np.abs(predictions).max(axis=-1)
