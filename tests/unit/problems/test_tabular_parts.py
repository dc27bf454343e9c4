"""Parts of how tables are read: texts of values, sizes of splits, wrong labels, units."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import ValidationError

from sparsestep.problems.tabular import columns, csv_file, examined, split

PATH = Path("data.csv")


def line_of(call, *arguments):
    with pytest.raises(ValidationError) as caught:
        call(*arguments)
    (mistake,) = caught.value.errors(include_url=False)
    return mistake["loc"], mistake["ctx"]["text"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((1, "1"), (1.0, "1"), ("1.0", "1"), ("1e3", "1000"), (-2.0, "-2"), (0.5, "0.5")),
        *((True, "true"), (np.bool_(False), "false"), ("a", "a"), ("nan", "nan"), ("inf", "inf")),
        # Beyond, neighbouring whole numbers would be the same.
        (2.0**53 - 1, "9007199254740991"),
        (2.0**53, "9007199254740992.0"),
    ],
)
def test_labels_are_written_as_short_as_possible(value, expected):
    assert columns.as_text(value) == expected


def test_what_is_no_number_or_empty_is_told_by_column_and_row():
    values = np.array([[1.0, 2.0], [3.0, np.nan], [np.inf, 1.0]])
    loc, text = line_of(columns.require_finite, PATH, "x", values, ("path",))
    assert loc == ("path",)
    assert text == "data.csv, column 'x[1]', row 2: got nan; must be a finite number"
    _, text = line_of(columns.require_finite, PATH, "x", values[:, :1], ())
    assert text == "data.csv, column 'x', row 3: got inf; must be a finite number"
    for empty in ("", "NaN"):
        _, text = line_of(columns.as_texts, PATH, "x", np.array(["a", "b", empty]), ())
        assert text == "data.csv, column 'x', row 3: missing value"
    assert columns.as_texts(PATH, "x", np.array([2.0, 1.0, 2.0]), ()).tolist() == ["2", "1", "2"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        *(("1", ""), (" 1e-3 ", ""), ("", "missing value"), ("  ", "missing value")),
        ("1_000", "got the text '1_000'; must be a number"),
        ("cat", "got the text 'cat'; must be a number"),
        (" inf", "got inf; must be a finite number"),
    ],
)
def test_cells_that_must_be_numbers(text, wrong):
    assert csv_file._wrong(text) == wrong


def spec(share=None, **options):
    test = None if share is None else SimpleNamespace(share=share)
    told = {"rows": None, "test": test, "n_fresh": 0, "corrupted": 0.0, "vary": [], "labels": None}
    return SimpleNamespace(**told | {"task": "classes", "standardise_target": None} | options)


@pytest.mark.parametrize(
    ("asked", "told_apart", "expected"),
    [
        (spec(), None, (10, 10, 0)),
        (spec(rows=4), None, (10, 4, 0)),
        # Shares are rounded to whole rows.
        (spec(share=0.16), None, (8, 8, 2)),
        (spec(share=0.14, rows=3), None, (9, 3, 1)),
        (spec(share=0.5), 7, (10, 10, 7)),
    ],
)
def test_how_many_rows_train_and_test(asked, told_apart, expected):
    assert split.sizes(asked, 10, told_apart) == expected


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.14, 1), (0.16, 2), (0.99, 10)])
def test_how_many_labels_are_wrong(share, count):
    labels = np.arange(10.0) % 3
    found = split._corrupted(labels, share, 3, 7)
    assert (found != labels).sum() == count
    assert set(found) <= {0.0, 1.0, 2.0}


def test_units_are_those_of_the_training_rows():
    # 0.1, thrice, has a mean that is not 0.1.
    train, test = np.array([[1.0, 0.1], [3.0, 0.1], [2.0, 0.1]]), np.array([[5.0, 0.3]])
    x, other = split._standardised(train, test)
    unit = np.sqrt(2 / 3)
    np.testing.assert_allclose(x, [[-1 / unit, 0], [1 / unit, 0], [0, 0]], rtol=1e-12, atol=0)
    # A constant input is told apart by how far it is from the constant.
    np.testing.assert_allclose(other, [[3 / unit, 0.2]], rtol=1e-12)


def test_fresh_points_are_those_that_test_and_then_those_that_train():
    train = split.Rows(np.array([[1.0], [3.0]]), np.array([10.0, 30.0]))
    test = split.Rows(np.array([[5.0], [7.0]]), np.array([50.0, 20.0]))
    plain = {"standardise": False, "standardise_target": True}
    found = split._scaled(spec(share=0.5, n_fresh=3, **plain), train, test, None)
    assert found["x_fresh"].ravel().tolist() == [5, 7, 1]
    # Targets are in units of the training rows', too.
    assert (found["y_train"].tolist(), found["y_test"].tolist()) == ([-1, 1], [3, 0])
    found = split._scaled(spec(n_fresh=2, **plain), train, train, None)
    assert found["x_fresh"].ravel().tolist() == [1, 3]
    numbers = split.Rows(train.x, np.array([0.0, 1.0]))
    found = split._scaled(spec(standardise=True), numbers, numbers, ["a", "b"])
    # Two classes are -1 and 1; more keep their numbers.
    assert (found["x_train"].ravel().tolist(), found["y_train"].tolist()) == ([-1, 1], [-1, 1])
    found = split._scaled(spec(standardise=True), numbers, numbers, ["a", "b", "c"])
    assert found["y_test"].tolist() == [0, 1]


FACTS = {"dimension": 2, "classes": 3, "train": 10, "test": None}


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (spec(rows=10, n_fresh=10), None),
        (spec(rows=2, n_fresh=2), None),
        (spec(rows=2, n_fresh=3), ("n_fresh", "got 3; must be at most 2, the rows that train")),
        (spec(rows=11), ("rows", "got 11; must be from 2 to 10, the rows that may train")),
        (spec(rows=1), ("rows", "got 1; must be from 2 to 10, the rows that may train")),
        (spec(share=0.2, n_fresh=10), None),
        (spec(share=0.1), ("test", "leaves 1 rows for testing; must be at least 2")),
        (spec(share=0.9), ("test", "leaves 1 rows for training; must be at least 2")),
    ],
)
def test_sizes_that_a_table_does_not_have(asked, line):
    if line is None:
        examined._check_sizes(asked, FACTS)
        return
    (key,), text = line_of(examined._check_sizes, asked, FACTS)
    assert (key, text[: len(line[1])]) == line


def test_a_table_of_one_row_is_the_path_s():
    (key,), text = line_of(examined._check_sizes, spec(), FACTS | {"train": 1})
    assert (key, text) == ("path", "leaves 1 rows for training; must be at least 2")


@pytest.mark.parametrize("drawn", [{"rows": 4}, {"corrupted": 0.1}, {"share": 0.2}])
def test_data_may_vary_where_something_is_drawn(drawn):
    examined._check_options(spec(vary=["data"], **drawn))
    (key,), text = line_of(examined._check_options, spec(vary=["data"]))
    assert key == "vary"
    assert text.startswith("got data, of which nothing is drawn")
