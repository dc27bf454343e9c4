"""Columns of tables: what all formats hand out, and what is refused in all of them.

A table offers `names`, and `read(numbers, texts)`, which returns every column that is asked for by
its name: numbers as (n, k) float64, k = 1 but for arrays with two axes in .npz files, and texts as
(n,) arrays of str, in which a number is written as short as possible. All numbers are finite and
no text is empty; else the file is refused with column and row.
"""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import psutil

from sparsestep.problems.tabular.refusal import cell, refuse

Columns = dict[str, np.ndarray]
# Of all cells in float64, at a time: as columns, as a matrix, as training and test rows, and what
# standardising and writing them takes.
_COPIES = 8


class Table(Protocol):
    """An open file."""

    names: list[str]

    def read(self, numbers: list[str], texts: list[str]) -> Columns:
        """These columns; see above."""


def require_memory(path: Path, cells: int, keys: tuple[str, ...]) -> None:
    """Refuse a table of which so many numbers would not fit into memory."""
    needed, free = 8 * _COPIES * cells / 1e9, psutil.virtual_memory().available / 1e9
    if needed > free:
        refuse(
            f"{path} holds about {cells:.2g} numbers, which take {needed:.3g} GB of memory, and "
            f"{free:.3g} GB are free; take fewer columns (inputs) or a smaller file",
            *keys,
        )


def require_finite(path: Path, name: str, values: np.ndarray, keys: tuple[str, ...]) -> None:
    """Refuse a column (n, k) with a number that is none."""
    wrong = ~np.isfinite(values)
    if wrong.any():
        row, at = np.argwhere(wrong)[0]
        name = name if values.shape[1] == 1 else f"{name}[{at}]"
        what = f"got {values[row, at]}; must be a finite number"
        refuse(cell(str(path), name, row + 1, what), *keys)


def as_text(value: Any) -> str:
    """A label or the name of a split as text: 1, 1.0 and "1" are "1", and true is "true"."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    text = str(value)
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else text


def as_texts(path: Path, name: str, values: np.ndarray, keys: tuple[str, ...]) -> np.ndarray:
    """A column (n,) of any type as texts, (n,); refuses what is empty or NaN."""
    different, of = np.unique(values, return_inverse=True)
    texts = np.array([as_text(value) for value in different.tolist()])
    empty = np.isin(np.char.lower(texts), ("", "nan")) if len(texts) else np.zeros(0, dtype=bool)
    if empty.any():
        row = int(np.flatnonzero(empty[of])[0]) + 1
        refuse(cell(str(path), name, row, "missing value"), *keys)
    return texts[of]
