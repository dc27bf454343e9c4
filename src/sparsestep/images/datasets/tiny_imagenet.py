"""Tiny ImageNet: 100000 training images of 64 x 64 pixels in 200 classes.

The labels of its test images were never published; its 10000 validation images are the test images
here. http://cs231n.stanford.edu; Le and Yang (2015), Tiny ImageNet visual recognition challenge.
"""

import io
import re
import warnings
from pathlib import Path
from typing import Literal
from zipfile import ZipFile

import numpy as np

from sparsestep.images.datasets.download import Archive, unusable
from sparsestep.images.datasets.members import open_zip, read_zip
from sparsestep.images.datasets.options import Downloaded
from sparsestep.images.facts import Facts

ARCHIVE = Archive(
    name="tiny-imagenet-200.zip",
    url="http://cs231n.stanford.edu/tiny-imagenet-200.zip",
    md5="90528d7ca1a48142e341f4ef8d21d0de",
)
FACTS = Facts(train=100_000, test=10_000, channels=3, size=64, classes=200)
_ROOT = "tiny-imagenet-200"
_CLASSES = 200
_SIDE = 64
_MOST_IMAGES = {"train": 100_000, "test": 10_000}
# Bytes of a text, and of a compressed image, which has a few thousand.
_LARGEST_TEXT = 2**24
_LARGEST_IMAGE = 2**20
_TRAIN = re.compile(rf"{_ROOT}/train/([^/]+)/images/\1_(\d+)\.JPEG")
_TEST = re.compile(rf"{_ROOT}/val/images/val_(\d+)\.JPEG")


class Spec(Downloaded):
    """The published training and validation images."""

    kind: Literal["tiny_imagenet"]


def decode(path: Path) -> dict[str, np.ndarray]:
    """x_train, x_test: (N, 3, 64, 64), uint8; y_train, y_test: (N,), int64.

    A label is the place of the class's name (`n01443537`) among the 200 names sorted. Training
    images are sorted by class and number, test images by number. Grey images have three equal
    channels. Raises DataError when something is missing, cannot be decoded or has no valid label.
    """
    with open_zip(path) as archive:
        label_of = _classes(path, archive)
        parts = {
            "train": _training_images(path, archive, label_of),
            "test": _validation_images(path, archive, label_of),
        }
        arrays = {}
        for part, found in parts.items():
            if len(found) > _MOST_IMAGES[part]:
                raise unusable(path, f"has {len(found)} {part} images, not {_MOST_IMAGES[part]}")
            arrays[f"x_{part}"] = _decoded(path, archive, [name for name, _ in found])
            arrays[f"y_{part}"] = np.array([label for _, label in found], dtype=np.int64)
    return arrays


def _lines(path: Path, archive: ZipFile, name: str) -> list[str]:
    content = read_zip(path, archive, f"{_ROOT}/{name}", _LARGEST_TEXT)
    return content.decode("utf-8", errors="replace").splitlines()


def _classes(path: Path, archive: ZipFile) -> dict[str, int]:
    names = sorted({line.strip() for line in _lines(path, archive, "wnids.txt")} - {""})
    if len(names) != _CLASSES:
        raise unusable(path, f"wnids.txt names {len(names)} classes, not {_CLASSES}")
    return {name: label for label, name in enumerate(names)}


def _training_images(
    path: Path, archive: ZipFile, label_of: dict[str, int]
) -> list[tuple[str, int]]:
    """(member, label), sorted by label and number."""
    matches = [match for match in map(_TRAIN.fullmatch, archive.namelist()) if match]
    found = {match[1] for match in matches}
    if unknown := sorted(found - set(label_of)):
        raise unusable(path, f"training images of {unknown[0]!r}, which is not in wnids.txt")
    if missing := sorted(set(label_of) - found):
        raise unusable(path, f"lacks training images of {missing[0]!r}")
    matches.sort(key=lambda match: (label_of[match[1]], int(match[2])))
    return [(match[0], label_of[match[1]]) for match in matches]


def _validation_images(
    path: Path, archive: ZipFile, label_of: dict[str, int]
) -> list[tuple[str, int]]:
    """(member, label), sorted by number; val_annotations.txt holds a file and its class a line."""
    class_of = {}
    for line in _lines(path, archive, "val/val_annotations.txt"):
        file, _, rest = line.partition("\t")
        class_of[f"{_ROOT}/val/images/{file}"] = rest.partition("\t")[0]
    matches = [match for match in map(_TEST.fullmatch, archive.namelist()) if match]
    matches.sort(key=lambda match: int(match[1]))
    found = [match[0] for match in matches]
    if missing := sorted(set(class_of) - set(found)):
        raise unusable(path, f"lacks {missing[0]!r}, which val_annotations.txt names")
    for name in found:
        if class_of.get(name) not in label_of:
            label = class_of.get(name, "none")
            raise unusable(path, f"the label of {name} is {label!r}, which is not in wnids.txt")
    if not found:
        raise unusable(path, "lacks validation images")
    return [(name, label_of[class_of[name]]) for name in found]


def _decoded(path: Path, archive: ZipFile, names: list[str]) -> np.ndarray:
    """The images, (N, 3, 64, 64)."""
    from PIL import Image

    images = np.empty((len(names), 3, _SIDE, _SIDE), dtype=np.uint8)
    # Its size is refused before an image is decoded; one line says so.
    with warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning):
        for at, name in enumerate(names):
            content = read_zip(path, archive, name, _LARGEST_IMAGE)
            images[at] = _pixels(path, name, content)
    return images


def _pixels(path: Path, name: str, content: bytes) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
            size = image.size
            pixels = np.asarray(image.convert("RGB")) if size == (_SIDE, _SIDE) else None
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        raise unusable(path, f"{name} is not a whole JPEG image") from None
    if pixels is None:
        raise unusable(path, f"{name} has {size[0]} x {size[1]} pixels, not {_SIDE} x {_SIDE}")
    return pixels.transpose(2, 0, 1)
