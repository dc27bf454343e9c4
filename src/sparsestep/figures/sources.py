"""What a figure is drawn from: tables of measurements and simulations, problems, trajectories."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sparsestep.artifacts import Problem, Trajectory, damaged, read_problem, read_trajectory
from sparsestep.identity import identity

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Sources:
    """Measurements, problems, trajectories and simulations, as far as the figure needs them.

    Attributes:
        tables: measurements of each experiment, all runs and batches, column `run` first.
        problems: the first batch of replicates of each experiment.
        trajectories: the same replicates of each (experiment, run).
        simulations: the table of each simulation.
    """

    tables: "dict[str, pd.DataFrame]" = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)
    trajectories: dict[tuple[str, str], Trajectory] = field(default_factory=dict)
    simulations: "dict[str, pd.DataFrame]" = field(default_factory=dict)

    def problem(self, experiment: str) -> Problem:
        """The first batch of replicates of an experiment."""
        return self.problems[experiment]

    def trajectory(self, experiment: str, run: str) -> Trajectory:
        """The same replicates of one of its runs."""
        return self.trajectories[experiment, run]

    def simulation(self, name: str) -> "pd.DataFrame":
        """The table of a simulation."""
        return self.simulations[name]


def read_sources(
    names: dict[str, list[list[str]]],
    tables: list[str],
    problems: list[str],
    trajectories: list[str],
    simulations: list[str],
) -> Sources:
    """Read what lies at these paths.

    `names` holds, in the order of the paths, (experiment, run, id of the spec) of every one of the
    `tables` and `trajectories`, (experiment, id) of the `problems` and (simulation, id) of the
    `simulations`. Raises ArtifactError for a
    file that is damaged, is something else, or was made from another spec.
    """
    # pandas and pyarrow are slow to import, and needed for tables only.
    from sparsestep.tables import SIMULATION, read_table, read_tables

    of_problems = zip(problems, names["problems"], strict=True)
    of_simulations = zip(simulations, names["simulations"], strict=True)
    of_runs = zip(trajectories, names["trajectories"], strict=True)
    return Sources(
        tables=read_tables(tables, names["tables"]),
        problems={name: _read(read_problem, path, made) for path, (name, made) in of_problems},
        trajectories={
            (name, run): _read(read_trajectory, path, made) for path, (name, run, made) in of_runs
        },
        simulations={
            name: read_table(path, made, SIMULATION) for path, (name, made) in of_simulations
        },
    )


def _read(read: Callable[[str], Any], path: str, spec_id: str) -> Any:
    artefact = read(path)
    if identity(artefact.spec) != spec_id:
        raise damaged(path, "was made from another configuration")
    return artefact
