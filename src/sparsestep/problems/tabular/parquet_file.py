"""Parquet: columns of numbers or texts, none of them nested."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from sparsestep.problems.tabular.columns import Columns, as_texts, require_finite, require_memory
from sparsestep.problems.tabular.refusal import cell, refuse


class ParquetFile:
    """See `columns.Table`."""

    def __init__(self, path: Path, keys: tuple[str, ...]):
        self._path, self._keys = path, keys
        try:
            self._file = pyarrow.parquet.ParquetFile(path)
            self.names = list(self._file.schema_arrow.names)
        except (pa.ArrowException, OSError, ValueError) as error:
            self._refuse(error)

    def read(self, numbers: list[str], texts: list[str]) -> Columns:
        """See `columns.Table`."""
        wanted = [*numbers, *texts]
        require_memory(self._path, self._file.metadata.num_rows * len(wanted), self._keys)
        try:
            table = self._file.read(columns=wanted)
        except (pa.ArrowException, OSError, ValueError) as error:
            self._refuse(error)
        for name in wanted:
            if table[name].null_count:
                row = int(np.flatnonzero(table[name].is_null().to_numpy())[0]) + 1
                refuse(cell(str(self._path), name, row, "missing value"), *self._keys)
        found = {name: self._numbers(name, table[name]) for name in numbers}
        for name in texts:
            column = table[name]
            if pa.types.is_dictionary(column.type):
                column = column.cast(column.type.value_type)
            values = np.asarray(column.to_numpy())
            values = values.astype(str) if values.dtype == object else values
            found[name] = as_texts(self._path, name, values, self._keys)
        return found

    def _numbers(self, name: str, column: pa.ChunkedArray) -> np.ndarray:
        of = column.type
        kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
        if pa.types.is_boolean(of):
            column = column.cast(pa.int8())
        elif not any(is_kind(of) for is_kind in kinds):
            what = f"{self._path}, column {name!r}: holds {of}; must be numbers"
            refuse(what, *self._keys)
        values = column.cast(pa.float64(), safe=False).to_numpy()[:, None]
        require_finite(self._path, name, values, self._keys)
        return values

    def _refuse(self, error: Exception) -> None:
        why = str(error).partition("\n")[0]
        refuse(f"{self._path} cannot be read as Parquet: {why}", *self._keys)
