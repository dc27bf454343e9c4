"""CSV: commas, a line of names, points in decimals, UTF-8 with or without its mark."""

import csv
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from sparsestep.mistakes import shown
from sparsestep.problems.tabular.columns import Columns, as_texts, require_memory
from sparsestep.problems.tabular.refusal import cell, refuse

# Bytes from which the number of rows is estimated.
_SAMPLE = 2**20


class CsvFile:
    """See `columns.Table`."""

    def __init__(self, path: Path, keys: tuple[str, ...]):
        self._path, self._keys = path, keys
        try:
            with open(path, encoding="utf-8-sig", newline="") as file:
                reader = csv.reader(file)
                names = next(reader, [])
                self._header = reader.line_num
        except UnicodeDecodeError:
            self._refuse("is no UTF-8 text")
        except (OSError, csv.Error) as error:
            self._refuse(f"cannot be read: {getattr(error, 'strerror', None) or error}")
        self.names = [name.strip() for name in names]
        self._check_names()

    def _check_names(self) -> None:
        if not self.names:
            self._refuse("is empty, or begins with an empty line; must begin with names of columns")
        for separator, what in ((";", "semicolons"), ("\t", "tabs")):
            if len(self.names) == 1 and separator in self.names[0]:
                self._refuse(f"has {what} between its columns; must have commas, and 1.5 for 1,5")
        if all(map(_is_number, self.names)):
            self._refuse("begins with numbers; must begin with a line of the columns' names")

    def read(self, numbers: list[str], texts: list[str]) -> Columns:
        """See `columns.Table`."""
        require_memory(self._path, self._rows() * (len(numbers) + len(texts)), self._keys)
        types = {name: pa.float64() for name in numbers} | {name: pa.string() for name in texts}
        try:
            table = pyarrow.csv.read_csv(
                self._path,
                pyarrow.csv.ReadOptions(column_names=self.names, skip_rows=self._header),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=types, include_columns=list(types), null_values=[""]
                ),
            )
        except (pa.ArrowException, OSError) as error:
            self._locate(numbers, str(error).partition("\n")[0])
        found = {name: table[name].to_numpy()[:, None] for name in numbers}
        if any(table[name].null_count or not np.isfinite(found[name]).all() for name in numbers):
            self._locate(numbers, "holds a number that is none")
        for name in texts:
            values = table[name].to_numpy().astype(str)
            found[name] = as_texts(self._path, name, np.char.strip(values), self._keys)
        return found

    def _locate(self, numbers: list[str], otherwise: str) -> None:
        """Refuse the file for the first cell or row that is wrong, found slowly."""
        columns = {name: self.names.index(name) for name in numbers}
        try:
            with open(self._path, encoding="utf-8-sig", newline="") as file:
                reader = csv.reader(file)
                next(reader)
                for number, row in enumerate(filter(None, reader), 1):
                    if len(row) != len(self.names):
                        text = f"{self._path}, row {number}: has {len(row)} values"
                        refuse(f"{text}, but there are {len(self.names)} columns", *self._keys)
                    for name, at in columns.items():
                        if what := _wrong(row[at]):
                            refuse(cell(str(self._path), name, number, what), *self._keys)
        except UnicodeDecodeError:
            otherwise = "is no UTF-8 text"
        except csv.Error as error:
            otherwise = str(error)
        self._refuse(f"cannot be read: {otherwise}")

    def _rows(self) -> int:
        with open(self._path, "rb") as file:
            sample = file.read(_SAMPLE)
        lines = max(1, sample.count(b"\n"))
        return math.ceil(self._path.stat().st_size / max(1, len(sample)) * lines)

    def _refuse(self, what: str) -> None:
        refuse(f"{self._path} {what}", *self._keys)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _wrong(text: str) -> str:
    """What is wrong with a cell that must be a number; empty where nothing is."""
    if not text.strip():
        return "missing value"
    # Python reads 1_000 as a number.
    if not _is_number(text) or "_" in text:
        return f"got the text {shown(text)}; must be a number"
    return "" if math.isfinite(float(text)) else f"got {text.strip()}; must be a finite number"
