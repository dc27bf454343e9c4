"""Pairs of runs that a claim compares: the same thing with large steps for longer."""

import numpy as np

from sparsestep import schedules
from sparsestep.schedules.edge import is_relative

# Over fewer fractions of the edge there is no trend.
FEWEST_FRACTIONS = 3


def length(run: dict, iterations: int) -> int:
    """T of a run, which may have its own; `iterations` are the experiment's."""
    return run.get("iterations", iterations)


def large_steps(run: dict, iterations: int) -> int:
    """Length of the large-step phase: iterations before the first decay, 0 if there is none."""
    decays = schedules.from_spec(run["schedule"]).decays(length(run, iterations))
    return min(decays) if decays else 0


def _step_sizes(run: dict, iterations: int) -> np.ndarray:
    """Step size of every iteration of a run, (T,), float64."""
    return schedules.from_spec(run["schedule"]).step_sizes(length(run, iterations))


def comparisons(runs: dict[str, dict], iterations: int) -> list[tuple[str, str]]:
    """Pairs (A, B) of runs, sorted by the lengths of A's and B's large-step phases.

    `runs` holds, by name, a validated `schedule`, what the run is `otherwise` (the algorithm), and
    its `iterations` where these are not the experiment's. B differs from A in nothing but the
    schedule; its large-step phase is longer; and in that phase its step size is at no iteration
    smaller than A's, and at some larger. So a constant step size is compared with larger ones, and
    fractions of the edge with each other. A may have more iterations than B, as a run of small
    steps that travel as far, but not fewer: what B ends with may not come from longer training.
    Where some B of a length take A's own large steps until A decays, the others of that length,
    whose steps are also larger, are left out.
    """
    steps = {name: _step_sizes(run, iterations) for name, run in runs.items()}
    lengths = {name: large_steps(run, iterations) for name, run in runs.items()}

    def longer(a: str, b: str) -> bool:
        phase = lengths[b]
        return (
            lengths[a] < phase
            and len(steps[a]) >= len(steps[b])
            and _differ_in_steps_alone(runs[a], runs[b])
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


def larger_before_decay(runs: dict[str, dict], against: str, iterations: int) -> list[str]:
    """Runs that decay, and whose steps before are larger than those of the run `against`.

    `runs` as in `comparisons`. Such a run differs from `against` in nothing but the schedule, and
    its step size is larger at every iteration of the second half of its large-step phase, in all of
    which `against` is still trained.
    """
    other = runs[against]
    smaller = _step_sizes(other, iterations)
    found = []
    for name, run in runs.items():
        phase = large_steps(run, iterations)
        if not 0 < phase <= len(smaller) or not _differ_in_steps_alone(run, other):
            continue
        steps = _step_sizes(run, iterations)
        half = slice(-(-phase // 2), phase)
        if np.all(steps[half] > smaller[half]):
            found.append(name)
    return found


def _differ_in_steps_alone(run: dict, other: dict) -> bool:
    """Whether two runs have all but schedule and T in common, and step sizes in the same unit."""
    units = [is_relative(each["schedule"]) for each in (run, other)]
    return run["otherwise"] == other["otherwise"] and units[0] == units[1]


def over_the_edge(runs: dict[str, dict], iterations: int) -> dict[str, float]:
    """Runs that differ in their fraction of the edge alone, with these fractions, sorted by them.

    They have as many iterations.
    `runs` as in `comparisons`. Of several such groups, the one whose large steps last longest, then
    the largest; empty where none has three fractions.
    """
    groups: dict[str, dict[str, float]] = {}
    for name, run in runs.items():
        if is_relative(run["schedule"]):
            others = {key: run["schedule"][key] for key in run["schedule"] if key != "step_size"}
            fraction = run["schedule"]["step_size"]["of_edge"]
            same = (others, run["otherwise"], length(run, iterations))
            groups.setdefault(repr(same), {})[name] = fraction
    large = [group for group in groups.values() if len(set(group.values())) >= FEWEST_FRACTIONS]
    if not large:
        return {}

    def size(group: dict[str, float]) -> tuple[int, int]:
        return large_steps(runs[next(iter(group))], iterations), len(group)

    return dict(sorted(max(large, key=size).items(), key=lambda item: item[1]))
