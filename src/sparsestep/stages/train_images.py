"""train_images: the trajectory of one replicate of one run of a network on images."""

import contextlib
import os
import sys

from sparsestep import compute, images
from sparsestep.artifacts import read_dataset, write_trajectory
from sparsestep.problems.images import Spec
from sparsestep.stages import job
from sparsestep.storage import provenance
from sparsestep.training.devices import claimed
from sparsestep.training.images import train
from sparsestep.training.progress import Progress
from sparsestep.training.resume import Folder


def main(arguments):
    spec, settings = arguments.spec, compute.of_this_job()
    problem = Spec(**spec["problem"])
    first, _ = spec["replicates"]
    progress = Progress(spec["iterations"], problem.batch_size)
    # A job that waits for a GPU holds no images yet.
    with claimed(settings) as device, contextlib.closing(progress):
        print(f"trains on {device.description}", file=sys.stderr)
        dataset = read_dataset(arguments.dataset)
        replicate = images.of_replicate(problem, dataset, first, device.name)
        minutes = settings.checkpoint_minutes
        keeper = Folder(arguments.resume, spec, arguments.code, device.description, minutes)
        keeper.end_on_signals()
        trajectory = train(replicate, spec, device, keeper, progress)
    write_trajectory(arguments.output, trajectory, provenance(spec, arguments.code))
    keeper.delete()
    # The folders around it that are empty now; one that another job just filled stays.
    with contextlib.suppress(OSError):
        os.removedirs(os.path.dirname(arguments.resume))


if __name__ == "__main__":
    job.run("train_images", main, "dataset", "resume", "output")
