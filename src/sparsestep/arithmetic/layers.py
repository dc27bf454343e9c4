"""Outputs of layers with sums in a fixed order: the same bits on any processor, in any batch."""

import numpy as np

from sparsestep.arithmetic import vectors
from sparsestep.arithmetic.vectors import (
    jit,
    lanes_of,
    load,
    plus_product,
    rectified,
    spread,
    store,
)


def side_by_side(x: np.ndarray) -> np.ndarray:
    """Samples (n, d) as (d, width), float64: width is n rounded up to a multiple of eight."""
    return vectors.padded(x.T)


def outputs(
    weight: np.ndarray, bias: np.ndarray | None, inputs: np.ndarray, rectify: bool = False
) -> np.ndarray:
    """sum_k weight[..., o, k] inputs[..., k, i] + bias[..., o], (..., o, width), float64.

    `inputs`, (k, width) or (..., k, width), are samples side by side; `rectify`: max(0, output).
    Each sum begins with the bias and goes on in the order of k, every product added with one
    rounding. So what comes out for a sample does not depend on what else is computed.
    """
    *batch, units, below = weight.shape
    width = inputs.shape[-1]
    if bias is None:
        bias = np.zeros(weight.shape[:-1])
    out = vectors.zeros(*batch, units, width)
    _fill(
        np.ascontiguousarray(weight, dtype=np.float64).reshape(-1, units, below),
        np.ascontiguousarray(bias, dtype=np.float64).reshape(-1, units),
        inputs.reshape(-1, below, width),
        rectify,
        out.reshape(-1, units, width),
    )
    return out


def of_samples(out: np.ndarray, samples: int) -> np.ndarray:
    """Outputs (..., o, width) as (..., samples, o), contiguous."""
    return np.ascontiguousarray(np.swapaxes(out, -1, -2)[..., :samples, :])


@jit
def _fill(weight, bias, inputs, rectify, out):
    units, below = weight.shape[1:]
    groups = inputs.shape[2] // lanes_of(inputs)
    for s in range(weight.shape[0]):
        first = (s if inputs.shape[0] > 1 else 0) * below * groups
        for o in range(units):
            here = (s * units + o) * groups
            start = spread(bias[s, o])
            # Four sums at a time, because one alone would wait for itself.
            for c in range(0, groups - 3, 4):
                a, b, d, e = start, start, start, start
                for k in range(below):
                    w, row = spread(weight[s, o, k]), first + k * groups + c
                    a = plus_product(a, w, load(inputs, row))
                    b = plus_product(b, w, load(inputs, row + 1))
                    d = plus_product(d, w, load(inputs, row + 2))
                    e = plus_product(e, w, load(inputs, row + 3))
                store(out, here + c, rectified(a) if rectify else a)
                store(out, here + c + 1, rectified(b) if rectify else b)
                store(out, here + c + 2, rectified(d) if rectify else d)
                store(out, here + c + 3, rectified(e) if rectify else e)
            for c in range(groups - groups % 4, groups):
                a = start
                for k in range(below):
                    w, row = spread(weight[s, o, k]), first + k * groups + c
                    a = plus_product(a, w, load(inputs, row))
                store(out, here + c, rectified(a) if rectify else a)
