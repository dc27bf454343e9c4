"""CIFAR-100: 50000 training and 10000 test images of 32 x 32 pixels; the 100 fine labels."""

from pathlib import Path
from typing import Literal

import numpy as np

from sparsestep.images.datasets import cifar
from sparsestep.images.datasets.download import Archive
from sparsestep.images.datasets.options import Downloaded
from sparsestep.images.facts import Facts

ARCHIVE = Archive(
    name="cifar-100-binary.tar.gz",
    url="https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
    md5="03b5dce01913d631647c71ecec9e9cb8",
)
# The first byte of a record is the coarse label, one of 20.
FACTS = Facts(train=50_000, test=10_000, channels=3, size=32, classes=100)
_LAYOUT = cifar.Layout(
    train={"cifar-100-binary/train.bin": 50000},
    test={"cifar-100-binary/test.bin": 10000},
    label_bytes=2,
    classes=100,
)


class Spec(Downloaded):
    """The published split."""

    kind: Literal["cifar100"]


def decode(path: Path) -> dict[str, np.ndarray]:
    """x_train, y_train, x_test, y_test; see `cifar.decode`."""
    return cifar.decode(path, _LAYOUT)
