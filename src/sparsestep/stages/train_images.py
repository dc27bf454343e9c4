"""train_images: the trajectory of a batch of replicates of one run of a network on images."""

import contextlib
import shutil
import sys
from pathlib import Path

from sparsestep.artifacts.arrays import Dataset, Trajectory, read_dataset, write_trajectory
from sparsestep.artifacts.files import provenance
from sparsestep.images import compute
from sparsestep.images import replicate as images
from sparsestep.images.problem import Spec
from sparsestep.images.training.devices import Device, claimed
from sparsestep.images.training.loop import train
from sparsestep.images.training.progress import Progress
from sparsestep.images.training.resume import Folder
from sparsestep.stages import job


def main(arguments):
    spec, settings = arguments.spec, compute.of_this_job()
    folder, minutes = Path(arguments.resume), settings.checkpoint_minutes
    # A job that waits for a GPU holds no images yet.
    with claimed(settings) as device:
        print(f"trains on {device.description}", file=sys.stderr)
        dataset = read_dataset(arguments.dataset)
        trained = []
        for one in images.of_one_replicate_each(spec):
            of_one = folder / str(one["replicates"][0])
            keeper = Folder(of_one, one, arguments.code, device.description, minutes)
            trained.append(_train(dataset, one, device, keeper))
    trajectory = Trajectory.joined(trained, spec)
    write_trajectory(arguments.output, trajectory, provenance(spec, arguments.code))
    shutil.rmtree(folder, ignore_errors=True)
    # The folders around it that are empty now; one that another job just filled stays.
    with contextlib.suppress(OSError):
        for around in folder.parents[:3]:
            around.rmdir()


def _train(dataset: Dataset, spec: dict, device: Device, keeper: Folder) -> Trajectory:
    """One replicate; one that an interrupted job has trained is read from its last checkpoint."""
    problem, (replicate, _) = Spec(**spec["problem"]), spec["replicates"]
    keeper.end_on_signals()
    progress = Progress(f"replicate {replicate}", spec["iterations"], problem.batch_size)
    with contextlib.closing(progress):
        data = images.of_replicate(problem, dataset, replicate, device.name)
        return train(data, spec, device, keeper, progress)


if __name__ == "__main__":
    job.run("train_images", main, "dataset", "resume", "output")
