"""The columns and rows of a table that a problem asks for, as arrays."""

import difflib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sparsestep.mistakes import shown, suggest
from sparsestep.problems.tabular.columns import Columns, Table
from sparsestep.problems.tabular.refusal import refuse

if TYPE_CHECKING:
    from sparsestep.problems.table import Spec

# Of classes there are not more; a number to be predicted has more values.
MOST_CLASSES = 1000
# Names of columns that a line lists.
_LISTED = 30


class Rows(NamedTuple):
    """Inputs (n, d), float64, and targets (n,): numbers, float64, or texts of classes."""

    x: np.ndarray
    y: np.ndarray


class Chosen(NamedTuple):
    """What is trained on, and what may be tested on.

    Attributes:
        train: rows for training, or, with a share for testing, all rows.
        test: rows for testing that the user has told apart; None where there are none.
        classes: names of the classes in order of their numbers; None of a regression.
    """

    train: Rows
    test: Rows | None
    classes: list[str] | None


def choose(spec: "Spec", table: Table, name: str, other: Table | None = None) -> Chosen:
    """The rows of a table, called `name` in messages, and of another one that is for testing.

    Refuses what the table does not have.
    """
    inputs = _inputs_of(spec, table, name)
    rows, split = _read(spec, table, inputs, name)
    test = None
    if split is not None:
        held = split == spec.test.value
        if held.all() or not held.any():
            _refuse_value(spec, split, name)
        rows, test = _taken(rows, ~held), _taken(rows, held)
    if other is not None:
        known = set(other.names)
        for column in (each for each in (*inputs, spec.target) if each not in known):
            _require(column, other, spec.test.path or "the table for testing", "test", "path")
        test, _ = _read(spec, other, inputs, "the table for testing", is_second=True)
    if spec.task != "classes":
        return Chosen(rows, test, None)
    classes = _classes(spec, rows, name)
    rows = _numbered(rows, classes)
    if test is not None:
        unknown = sorted(set(np.unique(test.y).tolist()) - set(classes))
        if unknown:
            refuse(f"has rows of the class {shown(unknown[0])}, of which no row trains", "test")
        test = _numbered(test, classes)
    return Chosen(rows, test, classes)


def _inputs_of(spec: "Spec", table: Table, name: str) -> list[str]:
    """Names of the inputs' columns."""
    if spec.target not in table.names and "target" not in spec.model_fields_set:
        columns = ", ".join(each[:60] for each in table.names[:_LISTED])
        refuse(f"missing; columns of {name}: {columns}", "target")
    _require(spec.target, table, name, "target")
    split = spec.test.column if spec.test else None
    if split is not None:
        _require(split, table, name, "test", "column")
        if split == spec.target:
            refuse(f"got {shown(split)}, which is the target", "test", "column")
    if spec.inputs is None:
        found = [each for each in table.names if each not in (spec.target, split)]
        if not found:
            refuse(f"{name} has no columns but the target", "inputs")
        return found
    for at, column in enumerate(spec.inputs):
        _require(column, table, name, "inputs", at)
        if column in (spec.target, split):
            what = "target" if column == spec.target else "column that tells test rows apart"
            refuse(f"got {shown(column)}, which is the {what}", "inputs", at)
    return spec.inputs


def _require(column: str, table: Table, name: str, *keys: str | int) -> None:
    if column in table.names:
        return
    valid = table.names
    if len(valid) > _LISTED:
        near = difflib.get_close_matches(column, valid)
        valid = [*near, *(each for each in valid if each not in near)][:_LISTED]
    refuse(f"{name} has no such column{suggest(column, valid)}", *keys)


def _read(
    spec: "Spec", table: Table, inputs: list[str], name: str, is_second: bool = False
) -> tuple[Rows, np.ndarray | None]:
    """Rows, of the classes that are asked for alone, and the column that tells test rows apart."""
    split = spec.test.column if spec.test and not is_second else None
    texts = [] if split is None else [split]
    numbers = list(inputs)
    (texts if spec.task == "classes" else numbers).append(spec.target)
    columns = table.read(numbers, texts)
    if columns[spec.target].ndim == 2 and columns[spec.target].shape[1] != 1:
        refuse(f"{name} has several columns of that name; must be one number a row", "target")
    rows = Rows(_matrix(columns, inputs), columns[spec.target].ravel())
    of_split = None if split is None else columns[split]
    if spec.task == "classes" and spec.labels is not None:
        _require_labels(spec.labels, rows, name)
        kept = np.isin(rows.y, spec.labels)
        rows = _taken(rows, kept)
        of_split = None if of_split is None else of_split[kept]
    return rows, of_split


def _matrix(columns: Columns, inputs: list[str]) -> np.ndarray:
    return np.ascontiguousarray(np.concatenate([columns[name] for name in inputs], axis=1))


def _taken(rows: Rows, which: np.ndarray) -> Rows:
    return Rows(rows.x[which], rows.y[which])


def _classes(spec: "Spec", rows: Rows, name: str) -> list[str]:
    """Names of the classes: as asked for, or numbers by size and texts by the alphabet."""
    found = np.unique(rows.y).tolist()
    if spec.labels is not None:
        for at, label in enumerate(spec.labels):
            if label not in found:
                refuse(f"got {shown(label)}, of which all rows of {name} test", "labels", at)
        return spec.labels
    if len(found) < 2:
        what = f"one class, {shown(found[0])}," if found else "no row for training"
        refuse(f"{name} has {what} there", "target")
    if len(found) > MOST_CLASSES:
        refuse(f"{name} has {len(found)} classes there; a number? then task: regression", "target")
    try:
        return sorted(found, key=float)
    except ValueError:
        return found


def _require_labels(labels: list[str], rows: Rows, name: str) -> None:
    found = np.unique(rows.y).tolist()
    for at, label in enumerate(labels):
        if label not in found:
            refuse(f"{name} has no such class{suggest(label, found[:_LISTED])}", "labels", at)


def _numbered(rows: Rows, classes: list[str]) -> Rows:
    numbers = {label: float(at) for at, label in enumerate(classes)}
    different, of = np.unique(rows.y, return_inverse=True)
    values = np.array([numbers.get(label, np.nan) for label in different.tolist()])
    return Rows(rows.x, values[of] if len(values) else np.zeros(0))


def _refuse_value(spec: "Spec", split: np.ndarray, name: str) -> None:
    found = np.unique(split).tolist()[:_LISTED]
    if spec.test.value in found:
        refuse(f"all rows of {name} have it; none is left for training", "test", "value")
    refuse(f"no row of {name} has it{suggest(spec.test.value, found)}", "test", "value")
