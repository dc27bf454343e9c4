"""The IDX format of MNIST and of what replaces it: an array of bytes behind a header, gzipped.

http://yann.lecun.com/exdb/mnist/. Two bytes 0, the type 0x08 of unsigned bytes, the number of
dimensions, each dimension as a big-endian 32-bit integer, then the bytes, the last dimension
fastest. A data set is four such files: images and labels of each part.
"""

import gzip
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from sparsestep.images.datasets.download import Archive, fetch, unusable
from sparsestep.images.facts import Facts

_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_DAMAGED = (OSError, EOFError, zlib.error)


def archives(prefix: str, address: str, checksums: Sequence[str]) -> tuple[Archive, ...]:
    """Training images, training labels, test images, test labels; md5 `checksums` in this order.

    All data sets in this format publish files of the same four names, so that in the folder of data
    they have `prefix` in front.
    """
    return tuple(
        Archive(name=f"{prefix}{file}", url=f"{address}{file}", md5=md5)
        for file, md5 in zip(_FILES, checksums, strict=True)
    )


def decode(path: Path, further: Iterable[Archive], facts: Facts) -> dict[str, np.ndarray]:
    """x_train, x_test: (N, 1, size, size), uint8; y_train, y_test: (N,), int64; in their order.

    `path` holds the training images; the `further` three are taken from its folder, or downloaded
    to it. Raises DataError for a file that cannot be had, is damaged, has another type or shape,
    more or less in it than its header says, or more images than `facts`; and for labels that are
    out of range or not as many as the images.
    """
    # All of them, before the first is decoded.
    paths = [path, *(fetch(archive, path.parent) for archive in further)]
    arrays = {}
    for part, images, labels in (("train", *paths[:2]), ("test", *paths[2:])):
        x = _read(images, getattr(facts, part), (facts.size, facts.size))
        y = _read(labels, getattr(facts, part), ())
        if len(y) != len(x):
            raise unusable(labels, f"has {len(y)} labels, but {images.name} has {len(x)} images")
        if y.max() >= facts.classes:
            raise unusable(
                labels, f"has the label {y.max()}, but there are {facts.classes} classes"
            )
        arrays[f"x_{part}"] = x[:, None]
        arrays[f"y_{part}"] = y.astype(np.int64)
    return arrays


def _read(path: Path, most: int, shape: tuple[int, ...]) -> np.ndarray:
    """(N, *shape), uint8, with 0 < N <= most."""
    dimensions = 1 + len(shape)
    try:
        with gzip.open(path) as file:
            count = _count(path, file.read(4 + 4 * dimensions), most, shape)
            expected = count * int(np.prod(shape, dtype=int))
            # One more, which is not to come: small files can inflate to any size. To ask for it
            # is to reach the end, where gzip compares its checksum.
            content = file.read(expected + 1)
    except _DAMAGED as error:
        raise unusable(path, f"truncated or damaged ({type(error).__name__})") from None
    if len(content) != expected:
        found = "more" if len(content) > expected else len(content)
        raise unusable(path, f"has {found} bytes behind its header, not {expected}")
    return np.frombuffer(content, dtype=np.uint8).reshape(count, *shape).copy()


def _count(path: Path, header: bytes, most: int, shape: tuple[int, ...]) -> int:
    """N, of a header that says that N arrays of this shape follow."""
    dimensions = 1 + len(shape)
    if len(header) < 4 + 4 * dimensions:
        whole = f"{len(header)} bytes, not a header of {4 + 4 * dimensions}"
        raise unusable(path, f"truncated or damaged ({whole})")
    magic = bytes([0, 0, 8, dimensions])
    if header[:4] != magic:
        of_what = f"unsigned bytes in {dimensions} dimension{'s' if shape else ''}"
        raise unusable(path, f"begins with {header[:4].hex()}, not {magic.hex()}, {of_what}")
    count, *found = np.frombuffer(header[4:], dtype=">u4").tolist()
    if tuple(found) != shape:
        sizes = " x ".join(map(str, found)), " x ".join(map(str, shape))
        raise unusable(path, f"has images of {sizes[0]} pixels, not {sizes[1]}")
    if not 0 < count <= most:
        raise unusable(path, f"says that it holds {count}, not 1 to {most}")
    return count
