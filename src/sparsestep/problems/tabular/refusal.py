"""Refusal of a table: one line, under the key of the problem that asked for it."""

from typing import NoReturn

from sparsestep.mistakes import Mistake, shown, told


def refuse(text: str, *keys: str) -> NoReturn:
    """Raise what a validator of pydantic may raise, for the value at these keys of the problem."""
    # Files and the libraries that read them may bring any character along.
    text = "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
    raise told([Mistake(keys, text)])


def cell(path: str, column: str, row: int, what: str) -> str:
    """What is wrong in one cell; the first row below the names is row 1."""
    return f"{path}, column {shown(column)}, row {row}: {what}"
