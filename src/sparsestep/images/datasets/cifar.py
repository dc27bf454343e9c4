"""The binary format of CIFAR-10 and CIFAR-100: records of label bytes and pixels, nothing else.

https://www.cs.toronto.edu/~kriz/cifar.html; Krizhevsky (2009), Learning multiple layers of features
from tiny images.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sparsestep.images.datasets.download import unusable
from sparsestep.images.datasets.members import read_tar

_SHAPE = (3, 32, 32)
_PIXELS = 3 * 32 * 32


@dataclass(frozen=True)
class Layout:
    """Members of an archive: the number of images that each can have, by name.

    A record has `label_bytes` bytes, the last of which is the label, below `classes`; then red,
    green and blue pixels, row by row.
    """

    train: Mapping[str, int]
    test: Mapping[str, int]
    label_bytes: int
    classes: int

    @property
    def record(self) -> int:
        """Bytes of an image and its labels."""
        return self.label_bytes + _PIXELS


def decode(path: Path, layout: Layout) -> dict[str, np.ndarray]:
    """x_train, x_test: (N, 3, 32, 32), uint8; y_train, y_test: (N,), int64; in the archive's order.

    Raises DataError when a member is missing or has no whole number of images, and for labels out
    of range.
    """
    members = {**layout.train, **layout.test}
    largest = {name: images * layout.record for name, images in members.items()}
    records = {
        name: _records(path, name, content, layout) for name, content in read_tar(path, largest)
    }
    arrays = {}
    for part, names in (("train", layout.train), ("test", layout.test)):
        joined = np.concatenate([records.pop(name) for name in names])
        arrays[f"x_{part}"] = joined[:, layout.label_bytes :].reshape(-1, *_SHAPE)
        arrays[f"y_{part}"] = joined[:, layout.label_bytes - 1].astype(np.int64)
    return arrays


def _records(path: Path, name: str, content: bytes, layout: Layout) -> np.ndarray:
    if not content or len(content) % layout.record:
        records = f"records of {layout.record} bytes"
        raise unusable(path, f"{name} has the wrong size, {len(content)} bytes, not {records}")
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, layout.record)
    label = records[:, layout.label_bytes - 1].max()
    if label >= layout.classes:
        raise unusable(
            path, f"{name} has the label {label}, but there are {layout.classes} classes"
        )
    return records
