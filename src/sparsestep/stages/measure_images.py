"""measure_images: the measurement table of one replicate of one run of a network on images."""

import torch

from sparsestep import compute, images, measures, models
from sparsestep.artifacts import read_dataset, read_trajectory
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
        first, _ = spec["replicates"]
        replicate = images.of_replicate(Spec(**spec["problem"]), dataset, first, device.name)
        channels = replicate.x_train.shape[1]
        network = models.on_images(spec["model"], channels, replicate.classes)
        network = network.to(device.name, memory_format=MEMORY_FORMAT)
        table = measures.table(replicate, trajectory, network, spec, arguments.threads)
    write_table(arguments.output, table, provenance(spec, arguments.code))


if __name__ == "__main__":
    job.run("measure_images", main, "dataset", "trajectory", "output")
