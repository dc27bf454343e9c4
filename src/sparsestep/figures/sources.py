"""Sources of a figure: tables of measurements and simulations, problems, trajectories."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsestep.artifacts.arrays import Problem, Trajectory, read_problem, read_trajectory
from sparsestep.artifacts.files import damaged, read_arrays
from sparsestep.artifacts.identity import identity

if TYPE_CHECKING:
    import pandas as pd

# What a figure may be drawn from.
SOURCES = ("tables", "problems", "trajectories", "simulations", "sweeps", "edges")


@dataclass(frozen=True)
class Sources:
    """What a figure is drawn from, as far as it needs them.

    Attributes:
        tables: measurements of each experiment, all runs and batches, column `run` first.
        problems: the first batch of replicates of each experiment.
        trajectories: the same replicates of each (experiment, run).
        simulations: the table of each simulation.
        sweeps: the table of each sweep, all points and replicates.
        edges: of each sweep that has them, the replicates' edges, (R,), for each decay_at.
    """

    tables: "dict[str, pd.DataFrame]" = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)
    trajectories: dict[tuple[str, str], Trajectory] = field(default_factory=dict)
    simulations: "dict[str, pd.DataFrame]" = field(default_factory=dict)
    sweeps: "dict[str, pd.DataFrame]" = field(default_factory=dict)
    edges: dict[str, dict[float, np.ndarray]] = field(default_factory=dict)

    def problem(self, experiment: str) -> Problem:
        """The first batch of replicates of an experiment."""
        return self.problems[experiment]

    def trajectory(self, experiment: str, run: str) -> Trajectory:
        """The same replicates of one of its runs."""
        return self.trajectories[experiment, run]

    def simulation(self, name: str) -> "pd.DataFrame":
        """The table of a simulation."""
        return self.simulations[name]


def read_sources(names: dict[str, list[list]], paths: dict[str, list[str]]) -> Sources:
    """Read what lies at these paths; keys are those of `SOURCES`, which may be left out.

    `names` holds, in the order of the paths, (experiment, run, id of the spec) of every one of the
    `tables` and `trajectories`, (experiment, id) of the `problems`, (simulation, id) of the
    `simulations`, (sweep, id) of the `sweeps` and (sweep, decay_at, id) of the `edges`. Raises
    ArtifactError for a file that is damaged, is something else, or was made from another spec.
    """
    # pandas and pyarrow are slow to import, and needed for tables only.
    from sparsestep.artifacts.tables import SIMULATION, read_sweeps, read_table, read_tables

    def named(what: str):
        return zip(paths.get(what, []), names.get(what, []), strict=True)

    return Sources(
        tables=read_tables(paths.get("tables", []), names.get("tables", [])),
        problems={
            name: _read(read_problem, path, made) for path, (name, made) in named("problems")
        },
        trajectories={
            (name, run): _read(read_trajectory, path, made)
            for path, (name, run, made) in named("trajectories")
        },
        simulations={
            name: read_table(path, made, SIMULATION) for path, (name, made) in named("simulations")
        },
        sweeps=read_sweeps(paths.get("sweeps", []), names.get("sweeps", [])),
        edges=_edges(named("edges")),
    )


def _edges(named: Iterable[tuple[str, list]]) -> dict[str, dict[float, np.ndarray]]:
    """Edges by sweep and decay_at, batches of replicates behind each other."""
    parts: dict[str, dict[float, list[np.ndarray]]] = {}
    for path, (name, decay_at, made) in named:
        arrays, source = read_arrays(path, "edges", ("edges",))
        if identity(source["spec"]) != made:
            raise damaged(path, "was made from another configuration")
        parts.setdefault(name, {}).setdefault(decay_at, []).append(arrays["edges"])
    return {
        name: {at: np.concatenate(batches) for at, batches in of.items()}
        for name, of in parts.items()
    }


def _read(read: Callable[[str], Any], path: str, spec_id: str) -> Any:
    artefact = read(path)
    if identity(artefact.spec) != spec_id:
        raise damaged(path, "was made from another configuration")
    return artefact
