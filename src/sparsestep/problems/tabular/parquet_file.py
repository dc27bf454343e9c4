"""Parquet: columns of numbers or texts, none of them nested."""

from pathlib import Path

import numpy as np
import pyarrow as pa
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
            of = table[name].type
            plain = of.value_type if pa.types.is_dictionary(of) else of
            values = self._converted(table[name], plain)
            values = values.astype(str) if values.dtype == object else values
            found[name] = as_texts(self._path, name, values, self._keys)
        return found

    def _numbers(self, name: str, column: pa.ChunkedArray) -> np.ndarray:
        of = column.type
        kinds = (
            pa.types.is_boolean,
            pa.types.is_integer,
            pa.types.is_floating,
            pa.types.is_decimal,
        )
        if not any(is_kind(of) for is_kind in kinds):
            what = f"{self._path}, column {name!r}: holds {of}; must be numbers"
            refuse(what, *self._keys)
        if pa.types.is_boolean(of):
            # Arrow makes no fractions of truth values.
            of = pa.int8()
        elif not pa.types.is_integer(of):
            of = pa.float64()
        values = self._converted(column, of).astype(np.float64)[:, None]
        require_finite(self._path, name, values, self._keys)
        return values

    def _converted(self, column: pa.ChunkedArray, of: pa.DataType) -> np.ndarray:
        try:
            return np.asarray(column.cast(of, safe=False).to_numpy())
        except (pa.ArrowException, ValueError) as error:
            self._refuse(error)

    def _refuse(self, error: Exception) -> None:
        why = str(error).partition("\n")[0]
        refuse(f"{self._path} cannot be read as Parquet: {why}", *self._keys)
