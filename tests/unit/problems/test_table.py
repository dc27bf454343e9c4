"""Tables of a user: what is read of them, what is drawn, and what is refused in one line."""

import decimal
import json

import numpy as np
import pandas as pd
import pytest
from own_tables import (  # noqa: F401
    CLASSES,
    PART,
    RAW,
    RAW_OF,
    REGRESSION,
    ROWS,
    SHARE,
    folder,
    generated,
    resolved,
    table,
    write,
)
from pydantic import ValidationError

from sparsestep.config import kinds
from sparsestep.config.vectors import REPLICATES_PER_BATCH
from sparsestep.plan import Plan
from sparsestep.plan.blocks import dump
from sparsestep.problems import generate
from sparsestep.problems import table as table_module
from sparsestep.problems.tabular import examined, found
from unit.config.test_kinds import small

# What is read.


def test_all_rows_train_where_nothing_else_is_said():
    problem = generated(REGRESSION | RAW)
    np.testing.assert_array_equal(problem.x_train[0], table()[["a", "b"]])
    np.testing.assert_array_equal(problem.y_train[0], table()["y"])
    np.testing.assert_array_equal(problem.x_test, problem.x_train)
    assert problem.truth["x_fresh"].shape == (1, 0, 2)
    order = np.random.RandomState(1).randint(ROWS, size=5)
    np.testing.assert_array_equal(problem.order, [order])


@pytest.mark.parametrize("form", ["parquet", "npz"])
@pytest.mark.parametrize("block", [REGRESSION, CLASSES | {"labels": ["dog", "cat"]}], ids="rc")
def test_every_format_has_the_same_numbers(form, block):
    frame = table().astype({"species": "S3" if form == "npz" else object})
    path = write(form, frame if form == "parquet" else frame.assign(part=1.0))
    one, other = generated(block), generated(block | {"path": path})
    for name in ("x_train", "y_train", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_parquet_has_numbers_of_every_type():
    a = [0, 1, 1, 0, 2, 0, 1, 2, 0, 1]
    exact = [decimal.Decimal(value) / 4 for value in a]
    for b in (np.array(a, dtype="uint8"), np.array(a) > 0, np.float32(a) / 4, exact):
        table().assign(a=a, b=b).to_parquet("data.parquet")
        problem = generated(REGRESSION | RAW | {"path": "data.parquet"})
        np.testing.assert_array_equal(problem.x_train[0], np.stack([a, np.float64(b)], axis=1))
    table().astype({"species": "category"}).to_parquet("data.parquet")
    block = CLASSES | {"path": "data.parquet"}
    np.testing.assert_array_equal(generated(block).y_train, generated(CLASSES).y_train)


def test_an_array_with_two_axes_is_as_many_inputs():
    np.savez("data.npz", x=table()[["a", "b"]], y=table()["y"])
    block = {key: REGRESSION[key] for key in ("kind", "task", "order_seed")}
    problem = generated(block | {"path": "data.npz", "target": "y"})
    np.testing.assert_array_equal(problem.x_train, generated(REGRESSION).x_train)


def test_a_mark_of_utf_8_and_quotes_and_windows_line_ends():
    text = "\ufeff" + '"a","b","y"\r\n1,2,3\r\n4,5,"6"\r\n7,8,10\r\n'
    (found.Path("data.csv")).write_bytes(text.encode())
    problem = generated(REGRESSION | RAW)
    np.testing.assert_array_equal(problem.x_train[0], [[1, 2], [4, 5], [7, 8]])
    np.testing.assert_array_equal(problem.y_train[0], [3, 6, 10])


def test_numbers_are_read_to_the_last_bit():
    frame = pd.DataFrame(np.random.RandomState(3).lognormal(0, 20, (200, 3)), columns=list("aby"))
    frame.to_csv("data.csv", index=False)
    np.testing.assert_array_equal(generated(REGRESSION | RAW).x_train[0], frame[["a", "b"]])


def test_inputs_and_target_are_in_units_of_the_training_rows():
    problem = generated(REGRESSION | SHARE)
    for part in (problem.x_train[0], problem.y_train[0]):
        np.testing.assert_allclose(part.mean(axis=0), 0, atol=1e-13)
        np.testing.assert_allclose(part.std(axis=0), 1)
    raw = generated(REGRESSION | SHARE | RAW)
    mean, deviation = raw.x_train[0].mean(axis=0), raw.x_train[0].std(axis=0)
    np.testing.assert_allclose(problem.x_test[0], (raw.x_test[0] - mean) / deviation)
    mean, deviation = raw.y_train[0].mean(), raw.y_train[0].std()
    np.testing.assert_allclose(problem.y_test[0], (raw.y_test[0] - mean) / deviation)


def test_a_constant_input_becomes_zero():
    table().assign(b=0.1).to_csv("data.csv", index=False)
    np.testing.assert_array_equal(generated(REGRESSION).x_train[0, :, 1], np.zeros(ROWS))


def test_two_classes_are_minus_one_and_one_and_more_are_numbers():
    numbers = [{"cat": 0, "dog": 1, "emu": 2}[name] for name in table()["species"]]
    np.testing.assert_array_equal(generated(CLASSES).y_train[0], numbers)
    assert resolved(**CLASSES).classes == 3
    two = CLASSES | {"labels": ["dog", "cat"]}
    kept = [name for name in table()["species"] if name != "emu"]
    expected = [-1 if name == "dog" else 1 for name in kept]
    np.testing.assert_array_equal(generated(two).y_train[0], expected)
    assert resolved(**two).classes == 2
    assert resolved().classes is None


def test_classes_that_are_numbers_are_in_their_order():
    table().assign(y=[10, 9, 9, 10, 2, 2, 9, 10, 9, 2]).to_csv("data.csv", index=False)
    y = generated(CLASSES | {"target": "y"}).y_train[0]
    np.testing.assert_array_equal(y, [2, 1, 1, 2, 0, 0, 1, 2, 1, 0])
    assert resolved(**CLASSES | {"target": "y", "labels": [10, 2]}).labels == ["10", "2"]


# Which rows.


def test_a_share_of_the_rows_tests():
    problem = generated(REGRESSION | SHARE | RAW | {"data_seed": 4, "n_fresh": 5})
    drawn = np.random.RandomState(4).permutation(ROWS)
    x = table()[["a", "b"]].to_numpy()
    np.testing.assert_array_equal(problem.x_test[0], x[np.sort(drawn[:2])])
    np.testing.assert_array_equal(problem.x_train[0], x[np.sort(drawn[2:])])
    fresh = np.concatenate([problem.x_test[0], problem.x_train[0]])[:5]
    np.testing.assert_array_equal(problem.truth["x_fresh"][0], fresh)


def test_fewer_rows_are_among_more_beside_the_same_test_set():
    few, many = (generated(REGRESSION | SHARE | RAW | {"rows": rows}) for rows in (3, 6))
    assert (few.x_train.shape[1], many.x_train.shape[1]) == (3, 6)
    assert set(map(tuple, few.x_train[0])) < set(map(tuple, many.x_train[0]))
    np.testing.assert_array_equal(few.x_test, many.x_test)


def test_replicates_may_each_have_their_own_split():
    problem = generated(REGRESSION | SHARE | RAW | {"vary": ["data"]}, replicates=3)
    assert len({part.tobytes() for part in problem.x_test}) == 3
    np.testing.assert_array_equal(problem.x_test[0], generated(REGRESSION | SHARE | RAW).x_test[0])


@pytest.mark.parametrize("block", [REGRESSION, CLASSES])
def test_a_column_or_a_second_file_tells_test_rows_apart(block):
    table()[:7].to_csv("train.csv", index=False)
    table()[7:].to_csv("test.csv", index=False)
    by_column = generated(block | RAW_OF[block["task"]] | {"test": PART})
    by_file = generated(
        block | RAW_OF[block["task"]] | {"path": "train.csv", "test": {"path": "test.csv"}}
    )
    np.testing.assert_array_equal(by_column.x_test[0], table()[["a", "b"]][7:])
    for name in ("x_train", "y_train", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(by_column, name), getattr(by_file, name))


def test_a_value_may_be_a_truth_value_or_a_number():
    for values, value in (([False] * 7 + [True] * 3, True), ([0.0] * 7 + [1.0] * 3, 1)):
        table().assign(part=values).to_parquet("data.parquet")
        block = REGRESSION | {"path": "data.parquet", "test": PART | {"value": value}}
        assert generated(block).x_test.shape[1] == 3


# Wrong labels.


def test_wrong_labels_are_as_many_as_asked_for_and_nested():
    pd.DataFrame(
        {"a": np.arange(40.0), "b": 1.0, "species": ["cat", "dog", "emu", "fox"] * 10}
    ).to_csv("data.csv", index=False)
    clean = generated(CLASSES).y_train[0]
    labels = [generated(CLASSES | {"corrupted": share}).y_train[0] for share in (0.25, 0.5)]
    wrong = [set(np.flatnonzero(each != clean)) for each in labels]
    assert [len(each) for each in wrong] == [10, 20]
    assert wrong[0] < wrong[1]
    at = sorted(wrong[0])
    np.testing.assert_array_equal(labels[0][at], labels[1][at])
    assert set(np.unique(labels[1])) == {0, 1, 2, 3}
    bits = np.random.MT19937(np.random.SeedSequence([0, 11]))
    assert wrong[0] == set(np.random.RandomState(bits).permutation(40)[:10])


def test_test_labels_stay_right():
    block = CLASSES | {"labels": ["cat", "dog"], "test": PART, "corrupted": 0.4}
    right, wrong = generated(block | {"corrupted": 0.0}), generated(block)
    np.testing.assert_array_equal(right.y_test, wrong.y_test)
    assert np.sum(right.y_train != wrong.y_train) == 2


# What comes with scikit-learn.

SHAPES = {
    "diabetes": ((442, 10), "regression", 214),
    "breast_cancer": ((569, 30), "classes", 2),
    "digits": ((1797, 64), "classes", 10),
    "wine": ((178, 13), "classes", 3),
    "iris": ((150, 4), "classes", 3),
}


@pytest.mark.parametrize("name", SHAPES)
def test_data_sets_of_scikit_learn(name):
    shape, task, different = SHAPES[name]
    block = {"kind": "table", "dataset": name, "task": task, "order_seed": 0}
    problem = generated(block)
    assert problem.x_train.shape == (1, *shape)
    assert resolved(**block, path=None, inputs=None, target="target").files == {}
    assert len(np.unique(problem.y_train)) == different


def test_classes_of_scikit_learn_have_their_names():
    block = {"kind": "table", "dataset": "iris", "task": "classes", "order_seed": 0}
    labels = ["setosa", "virginica"]
    assert generated(block | {"labels": labels}).x_train.shape == (1, 100, 4)


# Ids.


def test_the_path_is_no_part_of_the_id_and_the_content_is(tmp_path):
    before = dump(resolved())
    assert "path" not in before
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "data.csv").rename(tmp_path / "elsewhere" / "other.csv")
    assert dump(resolved(path="elsewhere/other.csv")) == before
    assert dump(resolved(path=str(tmp_path / "elsewhere" / "other.csv"))) == before
    text = (tmp_path / "elsewhere" / "other.csv").read_text()
    (tmp_path / "data.csv").write_text(text.replace("cat,train", "dog,train", 1))
    after = dump(resolved())
    assert after.pop("sha256") != before.pop("sha256")
    assert after == before


def test_what_is_written_out_has_the_id_of_the_default():
    plain = dump(resolved())
    assert dump(resolved(standardise=True, standardise_target=True, corrupted=0)) == plain


@pytest.fixture
def job(monkeypatch):
    """Called, this process is a job of the one that it was: it knows the environment alone."""

    def start():
        found.hand_to_jobs()
        monkeypatch.setattr(found, "_found", {})

    return start


def test_a_job_finds_the_files_by_their_content(monkeypatch, job):
    table()[7:].to_csv("test.csv", index=False)
    checked = resolved(test={"path": "test.csv"})
    monkeypatch.setattr(found, "_found", {})
    with pytest.raises(ValidationError, match="missing; must be a file"):
        kinds.resolve("problem", dump(checked))
    resolved(test={"path": "test.csv"})
    job()
    of_job = kinds.resolve("problem", dump(checked))
    assert (of_job.dimension, dump(of_job)) == (2, dump(checked))
    with open("data.csv", "a") as file:
        file.write("1,2,3,cat,train\n")
    with pytest.raises(ValidationError, match=r"expected .*was edited while the workflow ran"):
        kinds.resolve("problem", dump(checked))


def test_every_problem_of_a_config_hands_its_tables_on(job):
    table()[:5].to_csv("other.csv", index=False)
    blocks = {
        name: small(problem=REGRESSION | {"path": path}, measure={"losses": None})
        for name, path in (("one", "data.csv"), ("two", "other.csv"))
    }
    specs = [Plan({"experiments": blocks}).experiments.problem(name) for name in blocks]
    job()
    for spec, rows in zip(specs, (ROWS, 5), strict=True):
        assert generate({**spec, "replicates": [0, 0]}).x_train.shape == (1, rows, 2)


def test_a_batch_has_as_many_replicates_as_fit(monkeypatch):
    own = REGRESSION | SHARE | {"vary": ["data"]}
    assert resolved(**own).replicates_per_batch == REPLICATES_PER_BATCH
    # Rows of two inputs and a target.
    for most, expected in ((3 * ROWS * 5, 5), (1, 1)):
        monkeypatch.setattr(table_module, "_NUMBERS_PER_BATCH", most)
        assert resolved(**own).replicates_per_batch == expected
        assert resolved(**SHARE).replicates_per_batch == REPLICATES_PER_BATCH


def test_without_a_test_set_there_is_no_test_loss():
    for test, columns in (({}, ["train_loss"]), (SHARE, ["train_loss", "test_loss"])):
        block = small(problem=REGRESSION | test, measure={"losses": None})
        assert Plan({"experiments": {"mine": block}}).experiments.columns("mine") == columns


def test_facts_are_kept_and_never_believed_when_damaged(tmp_path, monkeypatch):
    (tmp_path / ".snakemake").mkdir()
    monkeypatch.setattr(examined, "_known", {})
    assert resolved().dimension == 2
    (kept,) = (tmp_path / ".snakemake" / "sparsestep" / "tables").iterdir()
    checksum, _, body = kept.read_bytes().partition(b"\n")
    value = json.loads(body)
    assert value["value"] == {"classes": None, "dimension": 2, "train": ROWS, "test": None}
    for content in (b"", checksum + b"\n" + body.replace(b'n": 2', b'n": 3'), b"{}", body):
        kept.write_bytes(content)
        monkeypatch.setattr(examined, "_known", {})
        assert resolved().dimension == 2
    # What was kept is believed: no file is read.
    monkeypatch.setattr(examined, "_known", {})
    monkeypatch.setattr("sparsestep.problems.table.open_table", None)
    assert resolved().dimension == 2
