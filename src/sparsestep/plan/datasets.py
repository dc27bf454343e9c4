"""Spec and path of a data set."""

from sparsestep import registry
from sparsestep.artifacts.identity import identity
from sparsestep.plan import paths
from sparsestep.plan.blocks import Spec


def spec(name: str) -> Spec:
    """What decides a data set's arrays. Where its archive lies does not."""
    registry.module_name("dataset", name)
    return {"dataset": {"kind": name}}


def path(name: str) -> str:
    """File with the images and labels of a data set."""
    return paths.DATASET.format(dataset=name, dataset_id=identity(spec(name)))
