"""Step sizes and snapshots, an iteration at a time."""

import math


def step_sizes(schedule, iterations):
    """eta of every iteration, a list; in units of the edge where it is a fraction of it."""
    size = schedule["step_size"]
    if isinstance(size, dict):
        size = size["of_edge"]
    of_one = {
        "constant": lambda t: size,
        "step_decay": lambda t: _step_decay(schedule, size, t, iterations),
        "warmup_decay": lambda t: _warmup_decay(schedule, size, t, iterations),
        "plateau": lambda t: _plateau(schedule, size, t, iterations),
        "exponential_warmup": lambda t: _exponential_warmup(schedule, size, t, iterations),
        "piecewise": lambda t: size * _piece(schedule["pieces"], t, iterations),
        "linear_decay": lambda t: size * _linear_decay(schedule, t, iterations),
        "cosine": lambda t: size * _cosine(schedule, t, iterations),
        "cyclic": lambda t: size * _cyclic(schedule, t, iterations),
        "table": lambda t: size * [v for i, v in schedule["values"] if i <= t][-1],
    }[schedule["kind"]]
    return [of_one(t) for t in range(iterations)]


def _step_decay(schedule, size, t, iterations):
    boundary = int(schedule["decay_at"] * iterations)
    large = t <= boundary if schedule["boundary"] == "included" else t < boundary
    return size if large else size / schedule["divide_by"]


def _warmup_decay(schedule, size, t, iterations):
    boundary = int(schedule["decay_at"] * iterations)
    share = min(t, boundary) / iterations
    eta = size + (schedule["factor"] - 1) * size * share ** schedule["exponent"]
    return eta if t < boundary else eta / schedule["divide_by"]


def _plateau(schedule, size, t, iterations):
    warm_up = int(schedule["warm_up"] * iterations)
    if t < int(schedule["decay_at"] * iterations):
        return size * min((t + 1) / (warm_up + 1), 1.0)
    return size / schedule["divide_by"]


def _exponential_warmup(schedule, size, t, iterations):
    share, decay, again = t / iterations, schedule["decay_at"], schedule["again_at"]
    eta = schedule["growth"] ** (100 * min(share, decay)) * size
    for boundary in (decay, again):
        if share >= boundary:
            eta /= schedule["divide_by"]
    return eta


def _piece(pieces, t, iterations):
    return [factor for begin, factor in pieces if int(begin * iterations) <= t][-1]


def _warm_up(schedule, t, iterations):
    return min((t + 1) / (int(schedule["warm_up"] * iterations) + 1), 1.0)


def _linear_decay(schedule, t, iterations):
    begin = int(schedule["decay_at"] * iterations)
    if t < begin:
        return _warm_up(schedule, t, iterations)
    return 1 - (1 - schedule["final"]) * ((t - begin) / (iterations - begin))


def _cosine(schedule, t, iterations):
    peak = int(schedule["warm_up"] * iterations)
    if t < peak:
        return _warm_up(schedule, t, iterations)
    fallen = (1 - math.cos(math.pi * (t - peak) / (iterations - peak))) / 2
    return 1 - (1 - schedule["final"]) * fallen


def _cyclic(schedule, t, iterations):
    period = max(int(schedule["period"] * iterations), 2)
    share = t % period / period
    return 1 + (schedule["factor"] - 1) * min(2 * share, 2 - 2 * share)


def large_phase(schedule, iterations):
    """Iterations before the first decay: the first t whose step is smaller than that before; or 0.

    Warm-up only grows. What falls little by little from its peak, or again and again, has no decay.
    """
    if schedule["kind"] in ("cosine", "cyclic"):
        return 0
    sizes = step_sizes(schedule, iterations)
    for t in range(1, iterations):
        if sizes[t] < sizes[t - 1]:
            return t
    return 0


def snapshots(block, iterations):
    """Iterations before whose update the parameters are kept."""
    found = set(range(min(block["first"], iterations)))
    points = block["evenly_spaced"]
    for k in range(points):
        # NumPy rounds halves to even, as Python does.
        found.add(round(k * iterations / (points - 1)))
    return sorted(t for t in found if t < iterations)
