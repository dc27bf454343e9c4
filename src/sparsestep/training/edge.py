"""The edge: a replicate's largest step size that survives the large-step phase."""

import numpy as np

from sparsestep import registry
from sparsestep.artifacts import Problem

# Where the search starts; it doubles or halves from there.
_FIRST_TRY = 1e-3
_MOST_DOUBLINGS = 60
# How far below the bracket step sizes are looked at one by one.
_WINDOW = 0.2


def calibrate(problem: Problem, spec: dict, threads: int = 1) -> np.ndarray:
    """The edge of every replicate, (R,): its largest step size below which none diverges.

    A replicate survives a constant step size if it does not diverge in its first
    int(horizon * T) iterations, with its own data, initial parameters and order. The step size is
    doubled from 1e-3 until it does not survive (or halved until it does), and the bracket halved
    geometrically until its ends differ by at most `tolerance`, a relative difference. Survival is
    not monotone: chaotic runs near the edge may diverge at one step size and survive a larger one.
    So the window of a fifth below the bracket is scanned in steps of `tolerance`, and the edge is
    the largest step size up to which all of them survive.

    `spec` holds `model`, `algorithm`, `iterations` (T) and `edge` (`horizon`, `tolerance`).
    """
    trainer = registry.load("trainer", spec["algorithm"]["kind"], spec["model"]["kind"])
    horizon = int(spec["edge"]["horizon"] * spec["iterations"])
    tolerance = spec["edge"]["tolerance"]
    no_snapshots = np.empty(0, dtype=np.int64)

    def survives(step_sizes: np.ndarray) -> np.ndarray:
        rows = np.repeat(step_sizes[:, None], horizon, axis=1)
        return trainer.train(problem, spec, rows, no_snapshots, threads)[1] < 0

    low, high = _bracket(survives, len(problem.order))
    while np.any(high > low * (1 + tolerance)):
        middle = np.sqrt(low * high)
        alive = survives(middle)
        low, high = np.where(alive, middle, low), np.where(alive, high, middle)
    edge = low
    for step in range(1, int(_WINDOW / tolerance) + 1):
        candidate = low * (1 - step * tolerance)
        # A divergence down there: the edge lies below it.
        edge = np.where(survives(candidate), edge, candidate * (1 - tolerance))
    return edge


def _bracket(survives, replicates: int) -> tuple[np.ndarray, np.ndarray]:
    """Step sizes a factor of two apart, the smaller of which survives and the larger not."""
    step_sizes = np.full(replicates, _FIRST_TRY)
    low, high = np.zeros(replicates), np.full(replicates, np.inf)
    for _ in range(_MOST_DOUBLINGS):
        alive = survives(step_sizes)
        low = np.where(alive, np.maximum(low, step_sizes), low)
        high = np.where(alive, high, np.minimum(high, step_sizes))
        if np.all((low > 0) & np.isfinite(high)):
            break
        # Those that are bracketed already stay where they are.
        step_sizes = np.where(high == np.inf, 2 * low, np.where(low == 0, high / 2, low))
    return low, high
