"""The float32 numbers that torch draws, on any processor.

torch turns its generator's bits into numbers by other operations where a processor has AVX2, and
the published values come from there: so those operations are written out here, in NumPy. On other
processors, or with `ATEN_CPU_CAPABILITY=default`, the last bits that torch itself draws differ.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

_FLOAT = np.float32
# Numbers that torch makes at a time: eight cosines and the eight sines that belong to them.
_TOGETHER = 16
# Polynomials of the Cephes library (S. Moshier): logarithm on [sqrt(1/2), sqrt(2)], cosine and sine
# on [-pi/4, pi/4], and pi/4 in three parts.
_LOG = (
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)
_LOG_2 = (-2.12194440e-4, 0.693359375)
_COSINE = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
_SINE = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_QUARTER_PI = (0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8)


def uniform(count: int, low: float, high: float, generator: "torch.Generator") -> np.ndarray:
    """`torch.empty(count).uniform_(low, high)`, (count,), float32."""
    drawn = _unit(count, generator)
    low, high = _FLOAT(low), _FLOAT(high)
    return _fused(drawn, high - low, low)


def normal(count: int, generator: "torch.Generator") -> np.ndarray:
    """`torch.randn(count)`, (count,), float32: Box and Muller's transform of uniform numbers."""
    import torch

    if count < _TOGETHER:
        # These it draws one by one in double precision.
        return torch.randn(count, generator=generator).numpy()
    drawn = _unit(count, generator)
    whole = count - count % _TOGETHER
    numbers = np.empty(count, dtype=_FLOAT)
    numbers[:whole] = _box_muller(drawn[:whole])
    if whole < count:
        numbers[-_TOGETHER:] = _box_muller(_unit(_TOGETHER, generator))
    return numbers


def _unit(count: int, generator: "torch.Generator") -> np.ndarray:
    """Uniform numbers in [0, 1): 24 bits each, which no processor rounds."""
    import torch

    return torch.empty(count).uniform_(0, 1, generator=generator).numpy()


def _box_muller(drawn: np.ndarray) -> np.ndarray:
    first, second = np.moveaxis(drawn.reshape(-1, 2, _TOGETHER // 2), 1, 0)
    radius = np.sqrt(_FLOAT(-2) * _log(_FLOAT(1) - first))
    sine, cosine = _sine_and_cosine(_FLOAT(2 * np.pi) * second)
    return np.stack([radius * cosine, radius * sine], axis=1).ravel()


def _log(x: np.ndarray) -> np.ndarray:
    mantissa, exponent = np.frexp(x)
    exponent = exponent.astype(_FLOAT)
    small = mantissa < _FLOAT(0.5**0.5)
    exponent = exponent - small.astype(_FLOAT)
    x = (mantissa - _FLOAT(1)) + np.where(small, mantissa, _FLOAT(0))
    square = x * x
    y = _polynomial(_LOG, x) * x
    y = _fused(y, square, exponent * _FLOAT(_LOG_2[0]))
    y = _fused(square, _FLOAT(-0.5), y)
    return _fused(exponent, _FLOAT(_LOG_2[1]), x + y)


def _sine_and_cosine(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of angles in [0, 2 pi]."""
    octant = ((x * _FLOAT(4 / np.pi)).astype(np.int32) + 1) & ~1
    eighths = octant.astype(_FLOAT)
    for part in _QUARTER_PI:
        x = _fused(eighths, -_FLOAT(part), x)
    square = x * x
    cosine = _polynomial(_COSINE, square) * square
    cosine = _fused(cosine, square, -(square * _FLOAT(0.5))) + _FLOAT(1)
    sine = _fused(_polynomial(_SINE, square) * square, x, x)
    swapped = (octant & 2) != 0
    sine, cosine = np.where(swapped, cosine, sine), np.where(swapped, sine, cosine)
    return (
        np.where(octant & 4, -sine, sine),
        np.where((octant - 2) & 4, cosine, -cosine),
    )


def _polynomial(coefficients: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value = _fused(value, x, _FLOAT(coefficient))
    return value


def _fused(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """a b + c, rounded to float32 at the end: products of float32 numbers are exact in float64."""
    return (np.float64(a) * np.float64(b) + np.float64(c)).astype(_FLOAT)
