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
    from sparsestep.images.networks.layers import ImageNetwork
    from sparsestep.images.replicate import Images
    from sparsestep.images.training.devices import Device

# What is about the batches between two snapshots: of the last one, about those before it. Computes
# no network, and so is measured of all snapshots.
_BETWEEN_SNAPSHOTS = ("batch_loss",)


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
    measured = _measured(whole, spec["average"], dataset, trajectory, device, threads)
    table = ends.table(measured, trajectory.diverged_at)
    return ends.with_values(table, spec["over"], point["values"])


def _measured(
    spec: dict,
    average: float | None,
    dataset: Dataset,
    trajectory: Trajectory,
    device: "Device",
    threads: int,
) -> "pd.DataFrame":
    """What stages/measure_images.py measures of the snapshots that count.

    Its code is part of what the results are.
    """
    # Rounding to TF32's ten bits would change which activations are zero.
    torch.backends.cudnn.allow_tf32 = False
    facts = (problem := Spec(**spec["problem"])).facts
    network = initial.from_spec(spec["model"], facts.channels, facts.classes)
    network = network.to(device.name, memory_format=MEMORY_FORMAT)
    tables = []
    for row, one in enumerate(images.of_one_replicate_each(spec)):
        data = images.of_replicate(problem, dataset, one["replicates"][0], device.name)
        of_one = trajectory.of_replicate(row)
        tables.append(_of_replicate(data, of_one, network, one, average, threads))
    return pd.concat(tables, ignore_index=True)


def _of_replicate(
    data: "Images",
    trajectory: Trajectory,
    network: "ImageNetwork",
    spec: dict,
    average: float | None,
    threads: int,
) -> "pd.DataFrame":
    kept = ends.counted(trajectory, spec["iterations"], average)
    between = {k: of for k, of in spec["measure"].items() if k in _BETWEEN_SNAPSHOTS}
    at = {k: of for k, of in spec["measure"].items() if k not in _BETWEEN_SNAPSHOTS}
    found = measures.table(data, kept, network, {**spec, "measure": at}, threads)
    whole = measures.table(data, trajectory, network, {**spec, "measure": between}, threads)
    late = whole.drop(columns=list(ends.KEYS)).tail(len(found))
    return pd.concat([found, late.reset_index(drop=True)], axis=1)
