"""Points of a sweep over keys: each a run of its own, of which the end is kept."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsestep.algorithms.base import unperturbed
from sparsestep.artifacts.arrays import Problem
from sparsestep.artifacts.identity import canonical_json
from sparsestep.measures import measure
from sparsestep.problems import generate
from sparsestep.schedules.edge import is_relative
from sparsestep.sweeps import ends
from sparsestep.training import starts, train
from sparsestep.training.edge import calibrate

if TYPE_CHECKING:
    import pandas as pd

_OF_PROBLEM = ("problem", "model", "iterations", "replicates")


def run(spec: dict, threads: int = 1, problem: Problem | None = None) -> "pd.DataFrame":
    """One row per (point, replicate): what its end is like.

    `spec` holds `points`, of each its `values` by key and the `blocks` in which it differs from
    `common` (those of a run, with `measure`); `over`, the keys in the order of the columns;
    `average` and `edges`; `replicates`. `problem` is that of all points, if they share one.

    The columns are the keys of `over`, `replicate`, `iteration` (of the last snapshot),
    `diverged_at` (-1: survived), `edge` where edges are asked for or step sizes are fractions of
    them, and what is measured: of the last snapshot or, with `average` f, the mean over the
    snapshots at iterations >= (1 - f) T. It is NaN for a replicate that diverged. A point is
    trained as a run of these settings is, to the same bits. The result does not depend on
    `threads`.
    """
    import pandas as pd

    problems = _Last(generate) if problem is None else lambda _: problem
    edges = _Last(_edges)
    parts = []
    for point in spec["points"]:
        of_point = {**spec["common"], **point["blocks"], "replicates": spec["replicates"]}
        data = problems({key: of_point[key] for key in _OF_PROBLEM})
        found = None
        if "edge" in of_point:
            found = edges(_of_edges(of_point), data, threads)
        table = _ends(data, of_point, found, spec["average"], threads)
        parts.append(ends.with_values(table, spec["over"], point["values"]))
    table = pd.concat(parts, ignore_index=True)
    keys = [*spec["over"], *ends.KEYS, *(["edge"] if "edge" in table else [])]
    return table[keys + [name for name in table if name not in keys]]


class _Last:
    """A function of a spec, and of what follows from it, that keeps its last result.

    Points that lie behind each other often share their problem, and their edges.
    """

    def __init__(self, function: Callable[..., Any]):
        self._function = function
        self._known: tuple[str, Any] = ("", None)

    def __call__(self, spec: dict, *rest: Any) -> Any:
        text = canonical_json(spec)
        if text != self._known[0]:
            self._known = (text, self._function(spec, *rest))
        return self._known[1]


def _of_edges(of_point: dict) -> dict:
    """All that decides a point's edges: those of unperturbed starts."""
    kept = {key: of_point[key] for key in (*_OF_PROBLEM, "edge")}
    return kept | {"algorithm": unperturbed(of_point["algorithm"])}


def _edges(spec: dict, problem: Problem, threads: int) -> np.ndarray:
    return calibrate(problem, spec, threads)


def _ends(
    problem: Problem, spec: dict, edges: np.ndarray | None, average: float | None, threads: int
) -> "pd.DataFrame":
    """The table of one point, without its values."""
    of_run = edges if is_relative(spec["schedule"]) else None
    trajectory = train(starts.perturbed(problem, spec), spec, threads, of_run)
    kept = ends.counted(trajectory, spec["iterations"], average)
    # Losses of a replicate on its way to infinity, which are left out.
    with np.errstate(over="ignore", invalid="ignore"):
        measured = measure(problem, kept, spec, threads)
    table = ends.table(measured, trajectory.diverged_at)
    if edges is not None:
        table.insert(len(ends.KEYS), "edge", edges)
    return table
