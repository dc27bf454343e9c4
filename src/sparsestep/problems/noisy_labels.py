"""Gaussian noise on the training labels, drawn once, beside streams that stay what they are."""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from sparsestep.fields import Float
from sparsestep.seeds import Seeds

Noise = Annotated[Float, Field(ge=0)]

# seeds.py lists the numbers.
_STREAM = 10


def with_noise(arrays: dict[str, Any], noise: float, spec: Seeds, replicates: range) -> dict:
    """The arrays of a problem with y_train + noise Z; Z independent N(0, 1), one a training sample.

    Z is `standard_normal(n)` of `RandomState(MT19937(SeedSequence([seed, 10])))` with the seed of
    the data: the same for every `noise`, and for every replicate where they share the data. Test
    labels are left clean, so that the test loss is the excess over what no network can predict.
    """
    drawn = [_draw(seed, arrays["y_train"].shape[1]) for seed in spec.of("data", replicates)]
    return {**arrays, "y_train": arrays["y_train"] + noise * np.stack(drawn)}


def _draw(seed: int, samples: int) -> np.ndarray:
    bits = np.random.MT19937(np.random.SeedSequence([seed, _STREAM]))
    return np.random.RandomState(bits).standard_normal(samples)
