"""Pairs of runs that a claim compares: the same thing with large steps for longer."""

import numpy as np

from sparsestep import schedules
from sparsestep.schedules.edge import is_relative


def large_steps(schedule: dict, iterations: int) -> int:
    """Length of the large-step phase: iterations before the first decay, 0 if there is none."""
    decays = schedules.from_spec(schedule).decays(iterations)
    return min(decays) if decays else 0


def comparisons(runs: dict[str, dict], iterations: int) -> list[tuple[str, str]]:
    """Pairs (A, B) of runs, sorted by the lengths of A's and B's large-step phases.

    `runs` holds, by name, a validated `schedule` and what the run is `otherwise` (the algorithm).
    B differs from A in nothing but the schedule; its large-step phase is longer; and in that phase
    its step size is at no iteration smaller than A's, and at some larger. So a constant step size
    is compared with larger ones, and fractions of the edge with each other. Where some B of a
    length take A's own large steps until A decays, the others of that length, whose steps are also
    larger, are left out.
    """
    steps = {
        name: schedules.from_spec(run["schedule"]).step_sizes(iterations)
        for name, run in runs.items()
    }
    lengths = {name: large_steps(run["schedule"], iterations) for name, run in runs.items()}

    def longer(a: str, b: str) -> bool:
        phase = lengths[b]
        return (
            lengths[a] < phase
            and runs[a]["otherwise"] == runs[b]["otherwise"]
            and is_relative(runs[a]["schedule"]) == is_relative(runs[b]["schedule"])
            and bool(np.all(steps[b][:phase] >= steps[a][:phase]))
            and bool(np.any(steps[b][:phase] > steps[a][:phase]))
        )

    def same_steps(a: str, b: str) -> bool:
        phase = lengths[a]
        return phase > 0 and np.array_equal(steps[a][:phase], steps[b][:phase])

    found = []
    for a in runs:
        candidates = [b for b in runs if longer(a, b)]
        settled = {lengths[b] for b in candidates if same_steps(a, b)}
        found += [(a, b) for b in candidates if lengths[b] not in settled or same_steps(a, b)]
    return sorted(found, key=lambda pair: (lengths[pair[0]], lengths[pair[1]], pair))
