"""Step sizes and snapshots, an iteration at a time."""


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


def large_phase(schedule, iterations):
    """Iterations before the first decay: the first t whose step is smaller than that before; or 0.

    Warm-up only grows.
    """
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
