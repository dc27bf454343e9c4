"""MNIST: 60000 training and 10000 test images of handwritten digits, 28 x 28 pixels, one channel.

LeCun, Cortes and Burges (1998), http://yann.lecun.com/exdb/mnist/.
"""

from pathlib import Path
from typing import Literal

import numpy as np

from sparsestep.images.datasets import idx
from sparsestep.images.datasets.options import Downloaded
from sparsestep.images.facts import Facts

ARCHIVE, *FURTHER = idx.archives(
    prefix="mnist-",
    address="https://ossci-datasets.s3.amazonaws.com/mnist/",
    checksums=(
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
)
FACTS = Facts(train=60_000, test=10_000, channels=1, size=28, classes=10)


class Spec(Downloaded):
    """The published split."""

    kind: Literal["mnist"]


def decode(path: Path) -> dict[str, np.ndarray]:
    """x_train, y_train, x_test, y_test; see `idx.decode`."""
    return idx.decode(path, FURTHER, FACTS)
