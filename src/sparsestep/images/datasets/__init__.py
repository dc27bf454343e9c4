"""Data sets of images: decoded once from what their authors published into one file of arrays."""

from pathlib import Path

import numpy as np

from sparsestep import registry
from sparsestep.artifacts.arrays import Dataset
from sparsestep.images.datasets.download import FOLDER, fetch

# Images at a time, so that sums over a large data set need no copy of it in wide integers.
_CHUNK = 1000


def prepare(spec: dict, md5: str | None = None) -> Dataset:
    """The images and labels of a data set, downloaded first where that is needed.

    `spec["dataset"]` holds `kind` and what that kind's `Spec` takes. `md5` stands in for the
    published checksum of the archive, so that tests can bring their own. Raises DataError when the
    archive cannot be had or is not what it should be.
    """
    module = registry.load("dataset", spec["dataset"]["kind"])
    options = module.Spec(**spec["dataset"])
    path = None
    if module.ARCHIVE is not None:
        folder = Path(options.data_dir or FOLDER).expanduser()
        path = fetch(module.ARCHIVE, folder, md5)
    arrays = module.decode(path)
    mean, std = moments(arrays["x_train"])
    return Dataset(**arrays, mean=mean, std=std, spec=deciding(spec))


def deciding(spec: dict) -> dict:
    """The part of `spec` that decides the content: not where the archive lies."""
    options = {key: value for key, value in spec["dataset"].items() if key != "data_dir"}
    return {**spec, "dataset": options}


def moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (1/n) of every channel over images and pixels, (C,), float64.

    `images` is (N, C, H, W), uint8; the result is in the same units. The sums are exact integers.
    """
    count = images.size // images.shape[1]
    starts = range(0, len(images), _CHUNK)
    chunks = (images[start : start + _CHUNK].astype(np.int64) for start in starts)
    sums = np.array([[(x**power).sum((0, 2, 3)) for power in (1, 2)] for x in chunks]).sum(0)
    # Python's integers, because count times a sum of squares can exceed 64 bits.
    first, second = sums.tolist()
    mean = [s / count for s in first]
    std = [(count * q - s * s) ** 0.5 / count for s, q in zip(first, second, strict=True)]
    return np.array(mean), np.array(std)
