"""CIFAR-10: 50000 training and 10000 test images of 32 x 32 pixels in ten classes."""

from pathlib import Path
from typing import Literal

import numpy as np

from sparsestep.images.datasets import cifar
from sparsestep.images.datasets.download import Archive
from sparsestep.images.datasets.options import Downloaded
from sparsestep.images.facts import Facts

ARCHIVE = Archive(
    name="cifar-10-binary.tar.gz",
    url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    md5="c32a1d4ab5d03f1284b67883e8d87530",
)
FACTS = Facts(train=50_000, test=10_000, channels=3, size=32, classes=10)
_LAYOUT = cifar.Layout(
    train={f"cifar-10-batches-bin/data_batch_{part}.bin": 10000 for part in range(1, 6)},
    test={"cifar-10-batches-bin/test_batch.bin": 10000},
    label_bytes=1,
    classes=10,
)


class Spec(Downloaded):
    """The published split."""

    kind: Literal["cifar10"]


def decode(path: Path) -> dict[str, np.ndarray]:
    """x_train, y_train, x_test, y_test; see `cifar.decode`."""
    return cifar.decode(path, _LAYOUT)
