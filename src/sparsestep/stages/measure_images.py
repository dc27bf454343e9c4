"""measure_images: the measurement table of a batch of replicates of one run on images."""

import pandas as pd
import torch

from sparsestep import measures
from sparsestep.artifacts.arrays import read_dataset, read_trajectory
from sparsestep.artifacts.files import provenance
from sparsestep.artifacts.tables import write_table
from sparsestep.images import compute
from sparsestep.images import replicate as images
from sparsestep.images.networks import initial
from sparsestep.images.problem import Spec
from sparsestep.images.training.devices import MEMORY_FORMAT, claimed
from sparsestep.stages import job


def main(arguments):
    spec = arguments.spec
    upstream = {key: value for key, value in spec.items() if key != "measure"}
    trajectory = read_trajectory(arguments.trajectory, upstream)
    dataset = read_dataset(arguments.dataset)
    with claimed(compute.of_this_job()) as device:
        # Rounding to TF32's ten bits would change which activations are zero.
        torch.backends.cudnn.allow_tf32 = False
        facts = (problem := Spec(**spec["problem"])).facts
        network = initial.from_spec(spec["model"], facts.channels, facts.classes)
        network = network.to(device.name, memory_format=MEMORY_FORMAT)
        tables = []
        for row, one in enumerate(images.of_one_replicate_each(spec)):
            replicate = images.of_replicate(problem, dataset, one["replicates"][0], device.name)
            of_one = trajectory.of_replicate(row)
            tables.append(measures.table(replicate, of_one, network, one, arguments.threads))
    table = pd.concat(tables, ignore_index=True)
    write_table(arguments.output, table, provenance(spec, arguments.code))


if __name__ == "__main__":
    job.run("measure_images", main, "dataset", "trajectory", "output")
