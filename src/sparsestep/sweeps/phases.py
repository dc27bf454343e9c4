"""Sweeps: end values of an experiment over step size and duration of the large steps."""

import dataclasses
from typing import TYPE_CHECKING

from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.measures import measure
from sparsestep.training import starts, train

if TYPE_CHECKING:
    import pandas as pd


def run(problem: Problem, spec: dict, threads: int = 1) -> "pd.DataFrame":
    """One row per (point, replicate): what the last snapshot is like.

    `spec` is that of a run with `measure`, but for `step_size` and `decay_at` of its schedule: the
    values of these are the pairs in `points`. The columns are `step_size`, `decay_at`, `replicate`,
    `iteration` (of the last snapshot), `diverged_at` (-1: survived), and what is measured, which is
    NaN for a replicate that diverged. A point is trained as a run of these settings is, to the same
    bits, and losses and counts are those of the run's table. The result does not depend on
    `threads`.
    """
    import pandas as pd

    from sparsestep.artifacts.tables import SWEEP_KEYS

    parts, started = [], starts.perturbed(problem, spec)
    for step_size, decay_at in spec["points"]:
        schedule = {**spec["schedule"], "step_size": step_size, "decay_at": decay_at}
        of_point = {**spec, "schedule": schedule}
        last = _last_snapshot(train(started, of_point, threads))
        table = measure(problem, last, of_point, threads)
        table.insert(0, "step_size", step_size)
        table.insert(1, "decay_at", decay_at)
        parts.append(table)
    table = pd.concat(parts, ignore_index=True)
    keys = list(SWEEP_KEYS)
    metrics = [name for name in table if name not in keys]
    # A replicate may diverge behind its last snapshot.
    table[metrics] = table[metrics].astype(float).where(table["diverged_at"] < 0)
    return table[keys + metrics]


def _last_snapshot(trajectory: Trajectory) -> Trajectory:
    return dataclasses.replace(
        trajectory,
        iterations=trajectory.iterations[-1:],
        parameters=trajectory.parameters[:, -1:],
        step_sizes=trajectory.step_sizes[:, -1:],
    )
