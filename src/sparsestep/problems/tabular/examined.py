"""Requirements of a problem on its table, checked before the first job."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from sparsestep.problems.tabular.chosen import Chosen
from sparsestep.problems.tabular.refusal import refuse
from sparsestep.problems.tabular.remembered import remembered
from sparsestep.problems.tabular.split import sizes

if TYPE_CHECKING:
    from sparsestep.problems.table import Spec

# With fewer rows there is nothing to standardise.
_FEWEST = 2


class Facts(TypedDict):
    """Counts of what a problem takes of its table.

    Numbers of inputs, of classes (None of a regression), of rows for training (with a share for
    testing, of all rows), and of rows for testing that the user has told apart (None if not).
    """

    dimension: int
    classes: int | None
    train: int
    test: int | None


# Options that decide which columns and rows are taken.
_DECIDING = {"sha256", "dataset", "target", "inputs", "task", "labels"}
_known: dict[str, Facts] = {}


def examine(spec: "Spec", read: Callable[[], Chosen]) -> Facts:
    """Facts of a problem's table; refuses a problem that cannot be made of it.

    `read` is called where this content was not examined before for these columns.
    """
    _check_options(spec)
    # A renamed file is read in another way.
    formats = [Path(path).suffix for path in spec.files.values()]
    held = spec.test and spec.test.model_dump(mode="json", exclude={"share"})
    asked = [spec.model_dump(mode="json", include=_DECIDING), held, formats]
    name = json.dumps(asked, sort_keys=True)
    if name not in _known:
        _known[name] = remembered(["facts", _code(), *asked], lambda: _facts(read()))
    _check_sizes(spec, _known[name])
    return _known[name]


def _check_options(spec: "Spec") -> None:
    """What is wrong whatever the table holds."""
    if spec.task is None:
        refuse("missing; valid: regression (the target is a number), classes (a label)", "task")
    if spec.task == "regression":
        for option in ("labels", "corrupted"):
            if getattr(spec, option):
                refuse("is of classes; leave it out, or say task: classes", option)
    elif spec.standardise_target is not None:
        refuse("is of regression; leave it out", "standardise_target")
    is_drawn = spec.rows is not None or spec.corrupted or (spec.test and spec.test.share)
    if "data" in spec.vary and not is_drawn:
        text = "got data, of which nothing is drawn; valid here: init, order, or with test: {share:"
        refuse(f"{text} 0.2}}, rows, or corrupted", "vary")


def _facts(chosen: Chosen) -> Facts:
    y = chosen.train.y
    if chosen.classes is None and len(y) >= _FEWEST and np.all(y == y[0]):
        refuse(f"all {len(y)} rows have {y[0]:g}; must differ from row to row", "target")
    if chosen.test is not None and np.array_equal(chosen.train.x, chosen.test.x):
        refuse("has the inputs that train", "test")
    return {
        "dimension": chosen.train.x.shape[1],
        "classes": None if chosen.classes is None else len(chosen.classes),
        "train": len(y),
        "test": None if chosen.test is None else len(chosen.test.y),
    }


def _check_sizes(spec: "Spec", facts: Facts) -> None:
    pool, count, held = sizes(spec, facts["train"], facts["test"])
    if pool < _FEWEST:
        refuse(f"leaves {pool} rows for training; must be at least {_FEWEST}", *_of_split(spec))
    if spec.test is not None and held < _FEWEST:
        refuse(f"leaves {held} rows for testing; must be at least {_FEWEST}", *_of_split(spec))
    if count > pool or count < _FEWEST:
        refuse(f"got {count}; must be from {_FEWEST} to {pool}, the rows that may train", "rows")
    if spec.n_fresh > count + held:
        text = f"got {spec.n_fresh}; must be at most {count + held}, the rows that train and test"
        refuse(text, "n_fresh")


def _of_split(spec: "Spec") -> tuple[str, ...]:
    return ("path",) if spec.test is None else ("test",)


def _code() -> str:
    """Digest of the files that decide facts, so that none outlives an edit of them."""
    folder = Path(__file__).parent
    total = hashlib.sha256()
    for path in sorted([*folder.glob("*.py"), folder.parent / "table.py"]):
        total.update(path.read_bytes())
    return total.hexdigest()
