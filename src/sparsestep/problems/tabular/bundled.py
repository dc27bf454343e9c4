"""Tables that come with scikit-learn, of which nothing is downloaded."""

import functools
import hashlib
from importlib.metadata import version

import numpy as np

from sparsestep.problems.tabular.columns import Columns
from sparsestep.problems.tabular.remembered import remembered

# Column with the labels.
TARGET = "target"
# The numbers of diabetes as they were measured; scikit-learn's own are standardised already.
_OPTIONS = {"diabetes": {"scaled": False}}


class Bundled:
    """See `columns.Table`; the column "target" holds numbers, or the names of the classes."""

    def __init__(self, name: str):
        from sklearn import datasets

        found = getattr(datasets, f"load_{name}")(**_OPTIONS.get(name, {}))
        self._inputs = np.ascontiguousarray(found.data, dtype=np.float64)
        self._target = np.asarray(found.target, dtype=np.float64)
        self._classes = [str(each) for each in getattr(found, "target_names", [])]
        self.names = [*map(str, found.feature_names), TARGET]

    def read(self, numbers: list[str], texts: list[str]) -> Columns:
        """See `columns.Table`."""
        of = {name: self._inputs[:, [at]] for at, name in enumerate(self.names[:-1])}
        found = {name: of.get(name, self._target[:, None]) for name in numbers}
        for name in texts:
            values = found.get(name, self._target[:, None] if name == TARGET else of.get(name))
            is_class = name == TARGET and self._classes
            found[name] = np.array(
                [self._classes[int(value)] if is_class else f"{value:g}" for value in values[:, 0]]
            )
        return found

    def sha256(self) -> str:
        """sha256 of all that is in it."""
        total = hashlib.sha256("\n".join([*self.names, "", *self._classes]).encode())
        for array in (self._inputs, self._target):
            total.update(array.astype("<f8").tobytes())
        return total.hexdigest()


@functools.cache
def sha256_of(name: str) -> str:
    """sha256 of a data set, worked out once for each version of scikit-learn."""
    key = ["bundled", name, version("scikit-learn")]
    return remembered(key, lambda: Bundled(name).sha256())
