"""A sine that is the same bits on any processor.

The C library's, and with it NumPy's and Python's, has other operations where a processor fuses
products and sums, and another library has others again: the last bit differs. Here are sums and
products of NumPy alone, each rounded once. The polynomials and the parts of pi/2 are those of
fdlibm (Sun Microsystems, 1993).
"""

import numpy as np

# Beyond, a multiple of the first part of pi/2, which has 33 bits, would be rounded.
LARGEST = 1e6

# pi/2 in three parts of 33 bits.
_HALF_PI = (1.57079632673412561417e00, 6.07710050630396597660e-11, 2.02226624871116645580e-21)
_SINE = (
    1.58969099521155010221e-10,
    -2.50507602534068634195e-08,
    2.75573137070700676789e-06,
    -1.98412698298579493134e-04,
    8.33333333332248946124e-03,
    -1.66666666666666324348e-01,
)
_COSINE = (
    -1.13596475577881948265e-11,
    2.08757232129817482790e-09,
    -2.75573143513906633035e-07,
    2.48015872894767294178e-05,
    -1.38888888888741095749e-03,
    4.16666666666666019037e-02,
)


def sine(x: np.ndarray) -> np.ndarray:
    """sin(x) of |x| <= 1e6, of the same shape, float64; the error is at most 3e-16.

    x - k pi/2 lies in [-pi/4, pi/4] for some whole k, whose remainder by 4 says which of +-sin and
    +-cos of that is sin(x).
    """
    multiples = np.rint(x / (np.pi / 2))
    rest = x - multiples * _HALF_PI[0]
    rest = rest - multiples * _HALF_PI[1] - multiples * _HALF_PI[2]
    square = rest * rest
    of_sine = rest + rest * (square * _polynomial(_SINE, square))
    of_cosine = 1.0 - (0.5 * square - square * (square * _polynomial(_COSINE, square)))
    quarter = multiples.astype(np.int64) % 4
    return np.where(quarter % 2 == 0, of_sine, of_cosine) * np.where(quarter < 2, 1.0, -1.0)


def _polynomial(coefficients: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    """Sum of c_k x^(m - k) over the m + 1 coefficients, by Horner's rule."""
    value = np.zeros_like(x)
    for coefficient in coefficients:
        value = value * x + coefficient
    return value
