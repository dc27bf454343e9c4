"""Measurements: a table of what a trajectory's snapshots are like."""

from typing import TYPE_CHECKING

import numpy as np

from sparsestep import models, registry
from sparsestep.artifacts.arrays import Problem, Trajectory

if TYPE_CHECKING:
    import pandas as pd

    from sparsestep.contracts import Network
    from sparsestep.images.networks.layers import ImageNetwork
    from sparsestep.images.replicate import Images


def measure(
    problem: Problem, trajectory: Trajectory, spec: dict, threads: int = 1
) -> "pd.DataFrame":
    """One row per (replicate, iteration), one column per quantity.

    `spec["measure"]` names the measurements and their options, `spec["model"]` the network and
    `spec["replicates"]` the first and last replicate. Beside what is asked for, the table has
    `replicate`, `iteration` and `diverged_at` (-1: survived); a diverged replicate's quantities are
    NaN from there on. The result does not depend on `threads`.
    """
    network = models.from_spec(spec["model"], problem.x_train.shape[-1])
    return table(problem, trajectory, network, spec, threads)


def table(
    problem: "Problem | Images",
    trajectory: Trajectory,
    network: "Network | ImageNetwork",
    spec: dict,
    threads: int = 1,
) -> "pd.DataFrame":
    """The table of `measure`, of a network that is given, on data: a Problem or Images."""
    # Reading config.yaml imports this package for the Specs of its modules, and pandas is slow to
    # import.
    import pandas as pd

    count, snapshots, _ = trajectory.parameters.shape
    first, _ = spec["replicates"]
    columns = {
        "replicate": np.repeat(np.arange(first, first + count), snapshots),
        "iteration": np.tile(trajectory.iterations, count),
        "diverged_at": np.repeat(trajectory.diverged_at, snapshots),
    }
    for name, options in spec["measure"].items():
        module = registry.load("measure", name, spec["model"]["kind"])
        measured = module.measure(problem, trajectory, network, module.Spec(**options), threads)
        columns |= {column: values.ravel() for column, values in measured.items()}
    return pd.DataFrame(columns)
