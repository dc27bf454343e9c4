"""Points of a sweep over keys on images: the ends of trajectories that are there."""

from typing import TYPE_CHECKING

import pandas as pd
import torch

from sparsestep import measures
from sparsestep.artifacts.arrays import Dataset, Trajectory
from sparsestep.images import replicate as images
from sparsestep.images.networks import initial
from sparsestep.images.problem import Spec
from sparsestep.images.training.devices import MEMORY_FORMAT
from sparsestep.sweeps import ends

if TYPE_CHECKING:
    from sparsestep.images.training.devices import Device


def of_point(spec: dict) -> dict:
    """All that decides the measured end of the only point of a job: blocks and `replicates`."""
    (point,) = spec["points"]
    return {**spec["common"], **point["blocks"], "replicates": spec["replicates"]}


def of_trajectory(spec: dict) -> dict:
    """All that decides the trajectory of the only point of a job, as a run's spec has it."""
    return {key: value for key, value in of_point(spec).items() if key != "measure"}


def run(
    spec: dict, dataset: Dataset, trajectory: Trajectory, device: "Device", threads: int = 1
) -> "pd.DataFrame":
    """One row per replicate, with the columns of `points.run`; there are no edges.

    `spec` has one point; `trajectory` is that of its replicates.
    """
    whole, (point,) = of_point(spec), spec["points"]
    kept = ends.counted(trajectory, whole["iterations"], spec["average"])
    measured = _measured(whole, dataset, kept, device, threads)
    table = ends.table(measured, trajectory.diverged_at)
    return ends.with_values(table, spec["over"], point["values"])


def _measured(
    spec: dict, dataset: Dataset, trajectory: Trajectory, device: "Device", threads: int
) -> "pd.DataFrame":
    """What stages/measure_images.py measures, whose code is part of what its results are."""
    # Rounding to TF32's ten bits would change which activations are zero.
    torch.backends.cudnn.allow_tf32 = False
    facts = (problem := Spec(**spec["problem"])).facts
    network = initial.from_spec(spec["model"], facts.channels, facts.classes)
    network = network.to(device.name, memory_format=MEMORY_FORMAT)
    tables = []
    for row, one in enumerate(images.of_one_replicate_each(spec)):
        data = images.of_replicate(problem, dataset, one["replicates"][0], device.name)
        of_one = trajectory.of_replicate(row)
        tables.append(measures.table(data, of_one, network, one, threads))
    return pd.concat(tables, ignore_index=True)
