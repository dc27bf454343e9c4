"""Fashion-MNIST: 60000 training and 10000 test images of clothes, 28 x 28 pixels, one channel.

Xiao, Rasul and Vollgraf (2017), https://github.com/zalandoresearch/fashion-mnist; the format, and
the numbers of images and classes, are those of MNIST.
"""

from pathlib import Path
from typing import Literal

import numpy as np

from sparsestep.images.datasets import idx
from sparsestep.images.datasets.options import Downloaded
from sparsestep.images.facts import Facts

ARCHIVE, *FURTHER = idx.archives(
    prefix="fashion-mnist-",
    address="https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    checksums=(
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
)
FACTS = Facts(train=60_000, test=10_000, channels=1, size=28, classes=10)


class Spec(Downloaded):
    """The published split."""

    kind: Literal["fashion_mnist"]


def decode(path: Path) -> dict[str, np.ndarray]:
    """x_train, y_train, x_test, y_test; see `idx.decode`."""
    return idx.decode(path, FURTHER, FACTS)
