"""NumPy's .npz: arrays (n,) and (n, k), of numbers or texts, never of objects."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from sparsestep.problems.tabular.columns import Columns, as_texts, require_finite, require_memory
from sparsestep.problems.tabular.refusal import refuse

_DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, SyntaxError)


class NpzFile:
    """See `columns.Table`."""

    def __init__(self, path: Path, keys: tuple[str, ...]):
        self._path, self._keys = path, keys
        try:
            with zipfile.ZipFile(path) as archive:
                members = [name for name in archive.namelist() if name.endswith(".npy")]
                self._about = {name[:-4]: _header(archive, name) for name in members}
        except (*_DAMAGED, NotImplementedError, RuntimeError) as error:
            self._refuse(error)
        self.names = list(self._about)

    def read(self, numbers: list[str], texts: list[str]) -> Columns:
        """See `columns.Table`."""
        wanted = [*numbers, *texts]
        cells = sum(int(np.prod(self._about[name][0])) for name in wanted)
        require_memory(self._path, cells, self._keys)
        for name in wanted:
            self._check(name, *self._about[name], is_text=name in texts)
        if len({self._about[name][0][0] for name in wanted}) > 1:
            lengths = ", ".join(f"{name} {self._about[name][0][0]}" for name in wanted)
            refuse(f"{self._path}: arrays have different numbers of rows: {lengths}", *self._keys)
        try:
            with np.load(self._path, allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in wanted}
        except _DAMAGED as error:
            self._refuse(error)
        for name in numbers:
            values = found[name].astype(np.float64).reshape(len(found[name]), -1)
            require_finite(self._path, name, values, self._keys)
            found[name] = values
        for name in texts:
            values = found[name].ravel()
            values = values.astype(str) if values.dtype.kind == "S" else values
            found[name] = as_texts(self._path, name, values, self._keys)
        return found

    def _check(self, name: str, shape: tuple[int, ...], of: np.dtype, is_text: bool) -> None:
        what = f"{self._path}, array {name!r}: "
        one_column = len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)
        if is_text and not one_column:
            refuse(f"{what}has the shape {shape}; must be (rows,)", *self._keys)
        if len(shape) not in (1, 2) or shape[-1] == 0:
            refuse(f"{what}has the shape {shape}; must be (rows,) or (rows, columns)", *self._keys)
        if of.kind not in ("biufUS" if is_text else "biuf"):
            refuse(f"{what}holds {of}; must be numbers", *self._keys)

    def _refuse(self, error: Exception) -> None:
        why = str(error).partition("\n")[0] or type(error).__name__
        refuse(f"{self._path} cannot be read as .npz: {why}", *self._keys)


def _header(archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of an array, without its content."""
    with archive.open(name) as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            read = np.lib.format.read_array_header_2_0
        shape, _, of = read(file)
    return shape, of
