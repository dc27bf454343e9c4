"""measure_images: the measurement table of a batch of replicates of one run on images."""

import pandas as pd
import torch

from sparsestep import compute, images, measures
from sparsestep.artifacts import read_dataset, read_trajectory
from sparsestep.models import image_networks
from sparsestep.problems.images import Spec
from sparsestep.stages import job
from sparsestep.storage import provenance
from sparsestep.tables import write_table
from sparsestep.training.devices import MEMORY_FORMAT, claimed


def main(arguments):
    spec = arguments.spec
    upstream = {key: value for key, value in spec.items() if key != "measure"}
    trajectory = read_trajectory(arguments.trajectory, upstream)
    dataset = read_dataset(arguments.dataset)
    with claimed(compute.of_this_job()) as device:
        # Rounding to TF32's ten bits would change which activations are zero.
        torch.backends.cudnn.allow_tf32 = False
        facts = (problem := Spec(**spec["problem"])).facts
        network = image_networks.from_spec(spec["model"], facts.channels, facts.classes)
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
