"""prepare: a data set's images and labels, from its archive, in one file of arrays."""

from pathlib import Path

from sparsestep import registry
from sparsestep.artifacts.arrays import write_dataset
from sparsestep.artifacts.files import provenance
from sparsestep.errors import DataError
from sparsestep.images import compute
from sparsestep.images.datasets import prepare
from sparsestep.stages import job


def main(arguments):
    spec = arguments.spec
    if registry.load("dataset", spec["dataset"]["kind"]).ARCHIVE is not None:
        data_dir = compute.of_this_job().data_dir
        # A mistyped folder would be made, and everything downloaded to it.
        if data_dir is not None and not Path(data_dir).expanduser().is_dir():
            raise DataError(f"compute.data_dir: got {data_dir!r}; must be a folder that is there")
        spec = {**spec, "dataset": {**spec["dataset"], "data_dir": data_dir}}
    dataset = prepare(spec)
    write_dataset(arguments.output, dataset, provenance(dataset.spec, arguments.code))


if __name__ == "__main__":
    job.run("prepare", main, "output")
