"""A replicate's images on a device."""

from dataclasses import dataclass

import numpy as np
import torch

from sparsestep.artifacts.arrays import Dataset
from sparsestep.images.problem import Spec, chosen


@dataclass(frozen=True)
class Images:
    """What a network on images is trained and measured on; all tensors lie on one device.

    Attributes:
        x_train, x_test: (n, C, H, W), uint8.  y_train, y_test: classes, (n,), int64.
        mean, std: of each channel over the data set's training images, (C,), float32.
        classes: K, how many there are.
    """

    x_train: torch.Tensor
    y_train: torch.Tensor
    x_test: torch.Tensor
    y_test: torch.Tensor
    mean: torch.Tensor
    std: torch.Tensor
    classes: int

    def standardised(self, images: torch.Tensor) -> torch.Tensor:
        """(x - mean) / std of each channel, float32, of uint8 images (n, C, H, W)."""
        mean, std = self.mean[:, None, None], self.std[:, None, None]
        return (images.float() - mean) / std


def of_one_replicate_each(spec: dict) -> list[dict]:
    """The spec of every replicate of a batch alone: `replicates` is [r, r]."""
    first, last = spec["replicates"]
    return [{**spec, "replicates": [r, r]} for r in range(first, last + 1)]


def of_replicate(
    problem: Spec, dataset: Dataset, replicate: int, device: torch.device | str = "cpu"
) -> Images:
    """The images of a replicate: the part of the data set that `problem` chooses, on `device`."""
    train, test = chosen(problem, len(dataset.x_train), len(dataset.x_test), replicate)

    def tensor(array: np.ndarray, rows: np.ndarray | None = None) -> torch.Tensor:
        # All rows are the array itself, without a copy of it.
        some = rows is not None and len(rows) < len(array)
        return torch.from_numpy(array[rows] if some else array).to(device)

    return Images(
        x_train=tensor(dataset.x_train, train),
        y_train=tensor(dataset.y_train, train),
        x_test=tensor(dataset.x_test, test),
        y_test=tensor(dataset.y_test, test),
        mean=tensor(dataset.mean.astype(np.float32)),
        # A channel that never changes is not scaled.
        std=tensor(np.where(dataset.std > 0, dataset.std, 1.0).astype(np.float32)),
        classes=problem.facts.classes,
    )
