"""The edge: a replicate's largest step size that survives the large-step phase."""

import math
from collections.abc import Callable

import numpy as np

from sparsestep import models, registry
from sparsestep.artifacts.arrays import Problem
from sparsestep.models.dead import is_dead

# Where the search starts; it doubles or halves from there.
_FIRST_TRY = 1e-3
_MOST_DOUBLINGS = 60
# How far below the bracket step sizes are looked at one by one.
_WINDOW = 0.2
# Number of such steps below a failure: down to a thousandth of the bracket.
_MOST_WINDOWS = 31


def calibrate(problem: Problem, spec: dict, threads: int = 1) -> np.ndarray:
    """The edge of every replicate, (R,): its largest step size below which none diverges.

    A replicate survives a constant step size if it does not diverge in its first
    int(horizon * T) iterations, with its own data, initial parameters and order. The step size is
    doubled from 1e-3 until it does not survive (or halved until it does), and the bracket halved
    geometrically until its ends differ by at most `tolerance`, a relative difference. Survival is
    not monotone: chaotic runs near the edge may diverge at one step size and survive a larger one.
    So from the bracket down step sizes are tried one by one, in steps of `tolerance`, until all
    over a fifth survive; the edge is the largest of them, or that of the bracket.

    NaN for a replicate without an edge: one that survives or dies at any step size tried, or does
    both by turns over more than three decades. It counts as diverged in runs in units of the edge.

    With `survive` "alive" instead of "finite", a network that is dead (`models.dead`) before the
    last of these updates has not survived them either. A dead network with an output bias b trains
    b alone, whose loss (b - y)^2 is stable up to a step size of 1 whatever the network was: without
    this, the edge of networks that die before they diverge says nothing about them.

    `spec` holds `model`, `algorithm`, `iterations` (T) and `edge` (`horizon`, `tolerance`,
    `survive`).
    """
    survives = _survival(problem, spec, threads)
    tolerance = spec["edge"]["tolerance"]
    low, high = _bracket(survives, len(problem.order))
    while np.any(high > low * (1 + tolerance)):
        middle = np.sqrt(low * high)
        alive = survives(middle)
        low, high = np.where(alive, middle, low), np.where(alive, high, middle)
    return _below_failures(survives, low, tolerance)


def _below_failures(survives, low: np.ndarray, tolerance: float) -> np.ndarray:
    """Largest step size below which a fifth of step sizes survives, from `low` down; (R,)."""
    window = math.ceil(math.log(1 - _WINDOW) / math.log(1 - tolerance))
    edge, candidate = low, low
    # How many have survived since the last that did not; where there is no bracket, nothing to do.
    survived = np.where(np.isfinite(low), 0, window)
    for _ in range(_MOST_WINDOWS * window):
        going = survived < window
        if not np.any(going):
            break
        candidate = np.where(going, candidate * (1 - tolerance), candidate)
        alive = survives(candidate)
        edge = np.where(going, np.where(alive, np.fmax(edge, candidate), np.nan), edge)
        survived = np.where(going, np.where(alive, survived + 1, 0), survived)
    return np.where(survived < window, np.nan, edge)


def _survival(problem: Problem, spec: dict, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    """Which replicates survive a constant step size each: (R,) -> (R,)."""
    network = models.from_spec(spec["model"], problem.x_train.shape[-1])
    trainer = registry.load("trainer", spec["algorithm"]["kind"], spec["model"]["kind"])
    horizon = int(spec["edge"]["horizon"] * spec["iterations"])
    last = np.array([horizon - 1])

    def survives(step_sizes: np.ndarray) -> np.ndarray:
        # Of replicates without a bracket, nothing is asked.
        tried = np.where(np.isfinite(step_sizes), step_sizes, _FIRST_TRY)
        rows = np.repeat(tried[:, None], horizon, axis=1)
        theta, diverged_at = trainer.train(problem, spec, rows, last, threads)
        alive = diverged_at < 0
        if spec["edge"]["survive"] == "alive":
            for row in np.flatnonzero(alive):
                x = problem.of_replicate("x_train", row)
                alive[row] = not is_dead(network.predict(theta[row], x))[0]
        return alive

    return survives


def _bracket(survives, replicates: int) -> tuple[np.ndarray, np.ndarray]:
    """Step sizes a factor of two apart, the smaller of which survives and the larger not.

    NaN where there are none among those tried.
    """
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
    found = (low > 0) & np.isfinite(high)
    return np.where(found, low, np.nan), np.where(found, high, np.nan)
