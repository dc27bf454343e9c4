"""sweep_images: the end of a point of a sweep over keys on images, for a batch of replicates."""

from sparsestep.artifacts.arrays import read_dataset, read_trajectory
from sparsestep.artifacts.surroundings import provenance
from sparsestep.artifacts.tables import write_table
from sparsestep.images import compute
from sparsestep.images.training.devices import claimed
from sparsestep.stages import job
from sparsestep.sweeps import code
from sparsestep.sweeps.images import of_trajectory, run


def main(arguments):
    spec = arguments.spec
    code.require(code.images_code(spec), arguments.loaded)
    trajectory = read_trajectory(arguments.trajectory, of_trajectory(spec))
    dataset = read_dataset(arguments.dataset)
    with claimed(compute.of_this_job()) as device:
        table = run(spec, dataset, trajectory, device, arguments.threads)
    source = provenance(spec, f"{arguments.code} {arguments.loaded}")
    write_table(arguments.output, table, source)


if __name__ == "__main__":
    job.run("sweep_images", main, "loaded", "dataset", "trajectory", "output")
