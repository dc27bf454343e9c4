"""Compiled gradient descent on quadratic losses; see `quadratic.py` for what is computed."""

import numba
import numpy as np

# The gradient has grown or shrunk by so much that the outcome is clear.
_GROWN, _GONE = 1e8, 1e-12
# Times that a bracket is moved, and halved: step sizes from 1e-60 to 1e60, far more than needed.
_MOST = 200

_jit = numba.njit(nogil=True, cache=True, error_model="numpy")


@_jit
def threshold(x, y, beta, factor, steps, tolerance):
    """The step size at which the gradient begins to grow, by bisection; bracketed from 1 on.

    The bracket's relative width is at most `tolerance`, unless that is less than numbers can
    differ by; returns its middle, NaN where all step sizes tried behave alike. x: (n, d), y: (n,),
    beta: (d,), the start of every run; all float64.
    """
    low = high = 1.0
    too_large = grows(x, y, beta, 1.0, factor, steps)
    for _ in range(_MOST):
        if too_large:
            low, high = low / 2, low
        else:
            low, high = high, 2 * high
        if grows(x, y, beta, low if too_large else high, factor, steps) != too_large:
            break
    else:
        return np.nan
    for _ in range(_MOST):
        if high - low <= tolerance * low:
            break
        middle = (low + high) / 2
        if grows(x, y, beta, middle, factor, steps):
            high = middle
        else:
            low = middle
    return (low + high) / 2


@_jit
def grows(x, y, start, step_size, factor, steps):
    """Whether the gradient's norm grows over the second half of gradient descent from `start`.

    The loss is factor ||x beta - y||^2. A run ends early when the norm has grown 1e8 times or is
    1e-12 of what it was.
    """
    beta = start.copy()
    gradient = np.empty_like(beta)
    first = half = norm = 0.0
    for t in range(steps + 1):
        norm = _gradient(x, y, beta, factor, gradient)
        if t == 0:
            first = norm
        if t == steps // 2:
            half = norm
        if not norm < _GROWN * first:
            return True
        if norm < _GONE * first:
            return False
        for j in range(beta.shape[0]):
            beta[j] -= step_size * gradient[j]
    return norm > half


@_jit
def _gradient(x, y, beta, factor, out):
    """out = 2 factor x^T (x beta - y); returns its norm."""
    out[:] = 0.0
    for i in range(x.shape[0]):
        residual = -y[i]
        for j in range(x.shape[1]):
            residual += x[i, j] * beta[j]
        for j in range(x.shape[1]):
            out[j] += 2 * factor * residual * x[i, j]
    total = 0.0
    for j in range(out.shape[0]):
        total += out[j] * out[j]
    return np.sqrt(total)
