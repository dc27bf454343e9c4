"""Names of the columns of a measurement table."""

import numpy as np


def at_threshold(quantity: str, threshold: float) -> str:
    """Column of a quantity at a further threshold: `jacobian_rank@1e-10`, `...@0.95`."""
    if threshold < 1e-3:
        return f"{quantity}@{np.format_float_scientific(threshold, trim='-', exp_digits=1)}"
    return f"{quantity}@{threshold!r}"
