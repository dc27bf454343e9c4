"""What is wrong with a table, or asked of it in vain, in one line before the first job."""

import random
from types import SimpleNamespace

import numpy as np
import pandas as pd
import psutil
import pytest
from own_tables import CLASSES, PART, REGRESSION, SHARE, folder, table, told, write  # noqa: F401
from pydantic import ValidationError

from sparsestep.config import kinds
from sparsestep.problems.tabular import found

# What is refused: changes of the block, and the line behind "experiments.mine.problem.".
MISTAKES = [
    ({"path": None}, "path: got nothing; write a value"),
    ({"path": "dta.csv"}, "path: got 'dta.csv'; there is no such file, seen from /"),
    ({"path": "."}, "path: got '.', which is no file"),
    ({"path": "data.txt"}, "path: got 'data.txt'; valid: .csv, .parquet, .npz"),
    ({"dataset": "iris"}, "dataset: give path or dataset, not both"),
    ({"dataset": "boston"}, "dataset: got 'boston'; input should be 'diabetes', 'breast_cancer'"),
    (
        {"target": "z"},
        "target: data.csv has no such column, got 'z'; valid: a, b, y, species, part",
    ),
    ({"inputs": ["a", "c"]}, "inputs.1: data.csv has no such column, got 'c'; valid: a, b, y"),
    ({"inputs": ["a", "y"]}, "inputs.1: got 'y', which is the target"),
    ({"inputs": ["a", "a"]}, "inputs: got ['a', 'a']; must be different from each other"),
    ({"inputs": []}, "inputs: got []; must have at least 1 entry"),
    (
        {"inputs": ["a", "species"]},
        "path: data.csv, column 'species', row 1: got the text 'cat'; must be a number",
    ),
    ({"task": "clases"}, "task: got 'clases'; input should be 'regression' or 'classes'"),
    ({"labels": ["cat", "dog"]}, "labels: is of classes; leave it out, or say task: classes"),
    ({"corrupted": 0.1}, "corrupted: is of classes; leave it out, or say task: classes"),
    (CLASSES | {"standardise_target": True}, "standardise_target: is of regression; leave it out"),
    (CLASSES | {"corrupted": 1.0}, "corrupted: got 1.0; input should be less than 1"),
    (
        CLASSES | {"labels": ["cat", "cow"]},
        "labels.1: data.csv has no such class, got 'cow'; valid: cat, dog, emu",
    ),
    (CLASSES, "labels: there are 3 classes, and networks of kind 'diagonal' have one output"),
    ({"test": {}}, "test: must be {share: 0.2}, {column: split, value: test}, or {path: test.csv}"),
    ({"test": {"share": 0.2, "path": "b.csv"}}, "test: must be {share: 0.2}, {column: "),
    ({"test": {"column": "part"}}, "test: must be {share: 0.2}, {column: "),
    ({"test": {"share": 1.5}}, "test.share: got 1.5; input should be less than 1"),
    ({"test": {"share": 0.01}}, "test: leaves 0 rows for testing; must be at least 2"),
    ({"test": {"share": 0.95}}, "test: leaves 0 rows for training; must be at least 2"),
    (
        {"test": {"column": "prt", "value": "test"}},
        "test.column: data.csv has no such column, got 'prt'; valid: a, b, y, species, part",
    ),
    (
        {"test": {"column": "part", "value": "tst"}},
        "test.value: no row of data.csv has it, got 'tst'; valid: test, train",
    ),
    ({"test": {"path": "gone.csv"}}, "test.path: got 'gone.csv'; there is no such file, seen"),
    ({"test": {"path": "data.csv"}}, "test.path: holds the rows that train"),
    ({"test": {"path": "copy.csv"}}, "test: has the inputs that train"),
    ({"rows": 11}, "rows: got 11; must be from 2 to 10, the rows that may train"),
    ({"rows": 1}, "rows: got 1; must be from 2 to 10, the rows that may train"),
    ({"n_fresh": 11}, "n_fresh: got 11; must be at most 10, the rows that train and test"),
    ({"vary": ["data"]}, "vary: got data, of which nothing is drawn; valid here: init, order, or"),
    ({"sha256": "0" * 64}, "path: data.csv has the sha256 "),
    ({"standardise": "yes"}, "standardise: got 'yes'; must be true or false, without quotes"),
    ({"standardize": True}, "standardize: unknown key, got 'standardize'; valid: "),
]


@pytest.mark.parametrize(("changes", "line"), MISTAKES)
def test_what_is_asked_of_a_table_is_checked(changes, line):
    table().to_csv("data.txt", index=False)
    # The same rows as another file has them.
    table().to_csv("copy.csv", index=False, lineterminator="\r\n")
    (found_line,) = told({**REGRESSION, **changes})
    assert found_line.startswith(f"experiments.mine.problem.{line}")


def test_task_and_target_must_be_said():
    for key, line in (
        ("task", "task: missing; valid: regression (the target is a number), classes (a label)"),
        ("target", "target: missing; columns of data.csv: a, b, y, species, part"),
    ):
        block = {name: value for name, value in REGRESSION.items() if name != key}
        assert told(block) == [f"experiments.mine.problem.{line}"]


# Contents of data.csv, and what is said behind "data.csv".
FILES = [
    ("", " is empty, or begins with an empty line; must begin with names of columns"),
    ("a;b;y\n1;2;3\n", " has semicolons between its columns; must have commas, and 1.5 for 1,5"),
    ("a\tb\ty\n1\t2\t3\n", " has tabs between its columns; must have commas, and 1.5 for 1,5"),
    ("1,2,3\n4,5,6\n", " begins with numbers; must begin with a line of the columns' names"),
    ("a,b,y,a\n1,2,3,4\n", ": there are several columns 'a'"),
    (",a,b,y\n0,1,2,3\n", ": column 1 has no name (an index? write the file without)"),
    ("a,b,y\n", ": leaves 0 rows"),
    ("a,b,y\n1,2,3\n", ": leaves 1 rows"),
    ("a,b,y\n1,2,3\n4,,6\n", ", column 'b', row 2: missing value"),
    ("a,b,y\n1,2,3\n4, ,6\n", ", column 'b', row 2: missing value"),
    ("a,b,y\n1,2,3\n4,NA,6\n", ", column 'b', row 2: got the text 'NA'; must be a number"),
    ("a,b,y\n1,nan,3\n4,5,6\n", ", column 'b', row 1: got nan; must be a finite number"),
    ("a,b,y\n1,2,3\n4,5,inf\n", ", column 'y', row 2: got inf; must be a finite number"),
    ('a,b,y\n1,"2,5",3\n', ", column 'b', row 1: got the text '2,5'; must be a number"),
    ("a,b,y\n1,2,3\n4,1_0,6\n", ", column 'b', row 2: got the text '1_0'; must be a number"),
    ("a,b,y\n1,2,3\n4,5,6\n7,8\n", ", row 3: has 2 values, but there are 3 columns"),
    ("a,b,y\n1,2,3\n4,5,6,7\n", ", row 2: has 4 values, but there are 3 columns"),
    (b"a,b,y\n1,2,3\n\xff\xfe,5,6\n", " is no UTF-8 text"),
    ("a,b,y\n1,2,3\n4,5,6\n".encode("utf-16"), " is no UTF-8 text"),
]


@pytest.mark.parametrize(("content", "line"), FILES)
def test_what_is_wrong_with_a_csv_is_told_by_column_and_row(content, line):
    content = content if isinstance(content, bytes) else content.encode()
    found.Path("data.csv").write_bytes(content)
    (found_line,) = told(REGRESSION)
    if line.startswith(": leaves"):
        assert found_line == (
            f"experiments.mine.problem.path{line} for training; must be at least 2"
        )
    else:
        assert found_line.startswith("experiments.mine.problem.path: data.csv")
        assert line in found_line


def test_targets_that_tell_nothing():
    table().assign(y=3.0, species="cat").to_csv("data.csv", index=False)
    assert told(REGRESSION) == [
        "experiments.mine.problem.target: all 10 rows have 3; must differ from row to row"
    ]
    assert told(CLASSES) == [
        "experiments.mine.problem.target: data.csv has one class, 'cat', there"
    ]


def test_a_class_that_is_missing_or_trains_nowhere():
    frame = table()
    frame.loc[4, "species"] = ""
    frame.to_csv("data.csv", index=False)
    assert told(CLASSES) == [
        "experiments.mine.problem.path: data.csv, column 'species', row 5: missing value"
    ]
    table().assign(species=["cat", "dog"] * 4 + ["emu", "dog"]).to_csv("data.csv", index=False)
    assert told(CLASSES | {"test": PART}) == [
        "experiments.mine.problem.test: has rows of the class 'emu', of which no row trains"
    ]
    assert told(CLASSES | {"test": PART, "labels": ["cat", "emu"]}) == [
        "experiments.mine.problem.labels.1: got 'emu', of which all rows of data.csv test"
    ]


ARRAYS = [
    ({"x": np.ones((4, 2)), "y": np.arange(3.0)}, "different numbers of rows: x 4, y 3"),
    ({"x": np.ones((4, 2, 2)), "y": np.arange(4.0)}, "has the shape (4, 2, 2); must be (rows,) or"),
    ({"x": np.full((4, 2), np.nan), "y": np.arange(4.0)}, "column 'x[0]', row 1: got nan; must be"),
    (
        {"x": np.ones((4, 2)), "y": np.arange(4) * 1j},
        "array 'y': holds complex128; must be",
    ),
    (
        {"x": np.array([[None]] * 4), "y": np.arange(4.0)},
        "array 'x': holds object; must be",
    ),
]


@pytest.mark.parametrize(("arrays", "line"), ARRAYS)
def test_what_is_wrong_with_arrays(arrays, line):
    np.savez("data.npz", **arrays)
    block = REGRESSION | {"path": "data.npz", "inputs": ["x"]}
    (found_line,) = told(block)
    assert found_line.startswith("experiments.mine.problem.path: data.npz")
    assert line in found_line


def test_what_is_wrong_with_parquet():
    block = REGRESSION | {"path": "data.parquet"}
    table().assign(b=[None, *range(9)]).to_parquet("data.parquet")
    line = "experiments.mine.problem.path: data.parquet, column 'b', row 1: missing value"
    assert told(block) == [line]
    table().assign(b=pd.Timestamp(0)).to_parquet("data.parquet")
    assert "column 'b': holds timestamp" in told(block)[0]


@pytest.mark.parametrize("form", ["parquet", "npz", "csv"])
def test_files_that_are_something_else(form):
    found.Path(f"data.{form}").write_bytes(bytes(range(256)) * 4)
    (line,) = told(REGRESSION | {"path": f"data.{form}"})
    assert line.startswith(f"experiments.mine.problem.path: data.{form} ")


@pytest.mark.parametrize("form", ["csv", "parquet", "npz"])
def test_any_damage_is_one_line_or_a_table(form):
    frame = table()[["a", "b", "species"]].astype({"species": "S3" if form == "npz" else object})
    good = found.Path(write(form, frame)).read_bytes()
    draw, mistakes = random.Random(0), []
    for _ in range(200):
        damaged = bytearray(good[: draw.randrange(1, len(good))] if draw.random() < 0.3 else good)
        for _ in range(draw.choice((1, 1, 3, 10))):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        found.Path(f"data.{form}").write_bytes(damaged)
        try:
            kinds.resolve("problem", CLASSES | {"path": f"data.{form}"})
        except ValidationError as error:
            mistakes += error.errors()
    assert mistakes
    assert {each["type"] for each in mistakes} == {"told"}
    assert all(each["msg"].isprintable() for each in mistakes)


@pytest.mark.parametrize("form", ["csv", "parquet", "npz"])
def test_more_rows_than_memory(form, monkeypatch):
    frame = pd.concat([table()[["a", "b", "y"]]] * 2000)
    path = write(form, frame)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=10**6))
    (line,) = told(REGRESSION | {"path": path})
    assert line.startswith(f"experiments.mine.problem.path: {path} holds about 6e+04 numbers, ")
    assert "which take 0.00384 GB of memory, and 0.001 GB are free" in line
