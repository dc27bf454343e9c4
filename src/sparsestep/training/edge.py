"""The edge: a replicate's largest step size that survives the large-step phase."""

from collections.abc import Callable

import numpy as np

from sparsestep import registry
from sparsestep.artifacts import Problem
from sparsestep.models.dead import is_dead

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

    With `survive` "alive" instead of "finite", a network that is dead (`models.dead`) at the end of
    these iterations has not survived them either. A dead network with an output bias b trains b
    alone, whose loss (b - y)^2 is stable up to a step size of 1 whatever the network was: without
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
    edge = low
    for step in range(1, int(_WINDOW / tolerance) + 1):
        candidate = low * (1 - step * tolerance)
        # A divergence down there: the edge lies below it.
        edge = np.where(survives(candidate), edge, candidate * (1 - tolerance))
    return edge


def _survival(problem: Problem, spec: dict, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    """Which replicates survive a constant step size each: (R,) -> (R,)."""
    model = registry.load("model", spec["model"]["kind"])
    network = model.Network(model.Spec(**spec["model"]), problem.x_train.shape[-1])
    trainer = registry.load("trainer", spec["algorithm"]["kind"], spec["model"]["kind"])
    horizon = int(spec["edge"]["horizon"] * spec["iterations"])
    last = np.array([horizon - 1])

    def survives(step_sizes: np.ndarray) -> np.ndarray:
        rows = np.repeat(step_sizes[:, None], horizon, axis=1)
        theta, diverged_at = trainer.train(problem, spec, rows, last, threads)
        alive = diverged_at < 0
        if spec["edge"]["survive"] == "alive":
            for row in np.flatnonzero(alive):
                x = problem.of_replicate("x_train", row)
                alive[row] = not is_dead(network.predict(theta[row], x))[0]
        return alive

    return survives


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
