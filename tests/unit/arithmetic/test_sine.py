"""The sine against the C library's, and its bits as recorded."""

import hashlib
import math

import numpy as np
import pytest

from sparsestep.arithmetic.sine import LARGEST, sine


@pytest.mark.parametrize("size", [1e-9, 0.7, 4.0, 100.0, LARGEST])
def test_against_the_library(size):
    x = np.random.default_rng(0).uniform(-size, size, 3000)
    expected = [math.sin(value) for value in x.tolist()]
    np.testing.assert_allclose(sine(x), expected, rtol=1e-12, atol=3e-16)


def test_every_eighth_of_the_circle():
    x = np.arange(-24, 25) * (math.pi / 4)
    expected = [math.sin(value) for value in x.tolist()]
    np.testing.assert_allclose(sine(x[:, None])[:, 0], expected, rtol=0, atol=3e-16)
    assert sine(np.zeros(2)).tolist() == [0.0, 0.0]


def test_bits_are_those_of_any_processor():
    # Steps of a power of two, which are no sums that a processor might round.
    bits = sine(np.arange(-8192, 8192) / 1024).tobytes()
    assert hashlib.sha256(bits).hexdigest()[:16] == "ab076308091716a9"
