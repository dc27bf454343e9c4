"""Compiled gradient descent on quadratic losses; see `quadratic.py` for what is computed."""

import numba
import numpy as np

# The gradient has grown or shrunk by so much that the outcome is clear.
_GROWN, _GONE = 1e8, 1e-12

_jit = numba.njit(nogil=True, cache=True, error_model="numpy")


@_jit
def threshold(x, y, beta, factor, steps, tolerance):
    """The step size at which the gradient begins to grow, by bisection; bracketed from 1 on.

    The bracket's relative width is at most `tolerance`; returns its middle. x: (n, d), y: (n,),
    beta: (d,), the start of every run; all float64.
    """
    low = high = 1.0
    if grows(x, y, beta, high, factor, steps):
        while grows(x, y, beta, low, factor, steps):
            high = low
            low /= 2
    else:
        while not grows(x, y, beta, high, factor, steps):
            low = high
            high *= 2
    while high - low > tolerance * low:
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
