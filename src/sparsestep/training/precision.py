"""The type of number that a run of a small network is computed in.

What is handed on (data, trajectories) is float64 in either: every float32 number is one.
"""

import dataclasses

import numpy as np

from sparsestep.artifacts.arrays import Problem

# A replicate whose residual is beyond this has diverged. So far below the largest number that what
# follows from such a residual (a gradient is about its square where all layers have grown) is one.
_EXPLODED = {np.dtype(np.float64): 1e100, np.dtype(np.float32): 1e15}


def rounded(problem: Problem, spec: dict) -> Problem:
    """The problem with training data and theta0 in the `precision` of the spec's algorithm.

    `spec` is a run's or an edge's. Where that is float64, as it is by default, the problem itself.
    """
    dtype = np.dtype(spec["algorithm"].get("precision", "float64"))
    names = ("x_train", "y_train", "theta0")
    if all(getattr(problem, name).dtype == dtype for name in names):
        return problem
    arrays = {name: getattr(problem, name).astype(dtype) for name in names}
    return dataclasses.replace(problem, **arrays)


def exploded(dtype: np.dtype) -> np.floating:
    """The bound on |h(x_i) - y_i|, of this type, at which a replicate has diverged.

    1e100 in float64, 1e15 in float32.
    """
    return dtype.type(_EXPLODED[dtype])
