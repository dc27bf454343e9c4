"""Compiled SGD on one parameter, replicates side by side in vector lanes.

Steps are computed in chunks, and what the iterates do is read from a chunk in passes of their own:
each loop over replicates touches so few arrays that the compiler can tell them apart and vectorise
(2.5 times faster than one loop that does it all). No fast-math: a plain Python loop
(`tests/support/oracles.py`) gives the same bits, also where the iteration is chaotic.
"""

import numba
import numpy as np

_CHUNK = 64

_jit = numba.njit(nogil=True, cache=True, error_model="numpy")


@_jit
def iterate(start, x, eta, theta_star, bands):
    """SGD from `start`, (R,), on the inputs x, (T, R), float64, and what the iterates do.

    `bands` = (a, b, c, d): "low" is the interval (a, b), "high" is (c, d). Returns
        gaps: (4, R): smallest and largest |theta*^2 - theta^2| over t = 0..T, then over
            T // 2 < t <= T.
        since: (2, R), int64: the first t from which on iterates alternate between low and high, and
            the first from which on they alternate between the sides of theta*; above T: never.
        last: (2, R): the last iterate but one, and the last.
    """
    steps, replicates = x.shape
    half = steps // 2
    gaps = np.empty((4, replicates))
    gaps[::2] = np.inf
    gaps[1::2] = -np.inf
    since = np.zeros((2, replicates), dtype=np.int64)
    path = np.empty((_CHUNK + 1, replicates))
    path[0] = start
    _note_gaps(path[:1], theta_star, gaps[0], gaps[1])
    _note_start(start, bands, since[0])
    done = 0
    count = 0
    while done < steps:
        # A chunk ends where the second half begins.
        count = min(_CHUNK, (half if done < half else steps) - done)
        advance(path, x[done : done + count], eta, theta_star)
        now = path[: count + 1]
        which = 0 if done < half else 2
        _note_gaps(now[1:], theta_star, gaps[which], gaps[which + 1])
        _note_bands(now, bands, done, since[0])
        _note_sides(now, theta_star, done, since[1])
        done += count
        if done < steps:
            path[0] = path[count]
    for r in range(replicates):
        gaps[0, r] = min(gaps[0, r], gaps[2, r])
        gaps[1, r] = max(gaps[1, r], gaps[3, r])
    return gaps, since, path[count - 1 : count + 1].copy()


@_jit
def advance(path, x, eta, theta_star):
    """path[t + 1] = path[t] + eta path[t] x[t] (y - x[t] path[t]^2), y = x[t] theta*^2.

    path: (T + 1 or more, R), filled from its first row; x: (T, R).
    """
    target = theta_star * theta_star
    for t in range(x.shape[0]):
        for r in range(x.shape[1]):
            theta = path[t, r]
            residual = x[t, r] * target - x[t, r] * (theta * theta)
            path[t + 1, r] = theta + eta * theta * x[t, r] * residual


@_jit
def _note_gaps(path, theta_star, smallest, largest):
    target = theta_star * theta_star
    for t in range(path.shape[0]):
        for r in range(path.shape[1]):
            gap = abs(target - path[t, r] * path[t, r])
            smallest[r] = gap if gap < smallest[r] else smallest[r]
            largest[r] = gap if gap > largest[r] else largest[r]


@_jit
def _note_start(start, bands, since):
    for r in range(start.shape[0]):
        since[r] = 1 - abs(_band(start[r], bands))


@_jit
def _note_bands(path, bands, begin, since):
    for t in range(1, path.shape[0]):
        for r in range(path.shape[1]):
            now = _band(path[t, r], bands)
            # Low after high, or high after low; otherwise it begins anew, here or one step later.
            anew = begin + t + 1 - abs(now)
            since[r] = since[r] if now * _band(path[t - 1, r], bands) == -1 else anew


@_jit
def _note_sides(path, theta_star, begin, since):
    for t in range(1, path.shape[0]):
        for r in range(path.shape[1]):
            changed = (path[t, r] > theta_star) != (path[t - 1, r] > theta_star)
            since[r] = since[r] if changed else begin + t


@_jit
def _band(theta, bands):
    """-1 in the low band, 1 in the high one, 0 elsewhere."""
    low = (theta > bands[0]) & (theta < bands[1])
    high = (theta > bands[2]) & (theta < bands[3])
    return np.int64(high) - np.int64(low)
