"""prepare: a data set's images and labels, from its archive, in one file of arrays."""

from sparsestep.artifacts import provenance, write_dataset
from sparsestep.datasets import prepare
from sparsestep.stages import job


def main(arguments):
    dataset = prepare(arguments.spec)
    write_dataset(arguments.output, dataset, provenance(dataset.spec, arguments.code))


if __name__ == "__main__":
    job.run("prepare", main, "output")
