"""Classes of images: a data set or a part of it, in mini-batches without replacement."""

from typing import Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from sparsestep import registry
from sparsestep.fields import PositiveInt, Seed
from sparsestep.images.facts import Facts
from sparsestep.seeds import Seeds


class Spec(Seeds):
    """An epoch is a new random order of the training images, cut into batches of `batch_size`.

    What does not fill a batch is left out of that epoch.
    """

    kind: Literal["images"]
    dataset: str = Field(description="name of the data set")
    n_train: PositiveInt | None = Field(
        default=None, description="n, training images drawn at random; all where it is absent"
    )
    n_test: PositiveInt | None = Field(
        default=None, description="test images drawn at random; all where it is absent"
    )
    batch_size: PositiveInt = Field(description="B, images of an update")
    data_seed: Seed = Field(default=0, description="seed of the draw of images of replicate 0")

    @field_validator("dataset")
    @classmethod
    def _known(cls, dataset: str) -> str:
        valid = registry.kinds("dataset")
        if dataset not in valid:
            raise ValueError(f"must be one of {', '.join(valid)}")
        return dataset

    @field_validator("n_train", "n_test")
    @classmethod
    def _there(cls, count: int | None, about: ValidationInfo) -> int | None:
        if count and "dataset" in about.data:
            there = getattr(_facts(about.data["dataset"]), about.field_name.removeprefix("n_"))
            if count > there:
                raise ValueError(f"must be at most {there}, what {about.data['dataset']} has")
        return count

    @field_validator("batch_size")
    @classmethod
    def _fits(cls, size: int, others: ValidationInfo) -> int:
        if "dataset" in others.data:
            images = others.data.get("n_train") or _facts(others.data["dataset"]).train
            if size > images:
                raise ValueError(f"must be at most the number of training images, {images}")
        return size

    @property
    def facts(self) -> Facts:
        """What is known of the data set."""
        return _facts(self.dataset)

    @property
    def replicates_per_batch(self) -> int:
        """How many a job takes, one after the other."""
        return self.facts.replicates

    @property
    def iterations_per_epoch(self) -> int:
        """floor(n / B), updates of an epoch."""
        return (self.n_train or self.facts.train) // self.batch_size


def chosen(spec: Spec, train: int, test: int, replicate: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted indices, int64, of the training and test images of a replicate.

    The first n of `default_rng(data_seed).permutation(train)`, then of `.permutation(test)`; all
    where the spec does not say how many. `train` and `test` are the numbers of images there are.
    """
    rng = np.random.default_rng(spec.of("data", range(replicate, replicate + 1))[0])
    drawn = (rng.permutation(train)[: spec.n_train], rng.permutation(test)[: spec.n_test])
    return np.sort(drawn[0]), np.sort(drawn[1])


def _facts(dataset: str) -> Facts:
    return registry.load("dataset", dataset).FACTS
