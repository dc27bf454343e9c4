"""Artefacts on disk: round trips, atomic writing, same bytes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sparsestep.artifacts import arrays, files, tables
from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.artifacts.identity import identity
from sparsestep.errors import ArtifactError


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    return Problem(
        x_train=rng.standard_normal((1, 4, 3)),
        y_train=rng.standard_normal((1, 4)),
        x_test=rng.standard_normal((1, 5, 3)),
        y_test=rng.standard_normal((1, 5)),
        theta0=rng.standard_normal((2, 6)),
        order=rng.integers(4, size=(2, 9)).astype(np.int32),
        truth={"beta_star": rng.standard_normal((1, 3))},
        spec={"replicates": [0, 1]},
    )


@pytest.fixture
def table():
    return pd.DataFrame(
        {"replicate": [0, 0, 1], "iteration": [0, 5, 0], "diverged_at": [-1, -1, 3]}
    ).assign(train_loss=[-np.nan, np.nan, 1e-300])


def test_problem_round_trip(problem, tmp_path):
    arrays.write_problem(tmp_path / "p", problem, files.provenance(problem.spec, "c0de"))
    read = arrays.read_problem(tmp_path / "p", problem.spec)
    for name in ("x_train", "y_train", "x_test", "y_test", "theta0", "order"):
        np.testing.assert_array_equal(getattr(read, name), getattr(problem, name))
        assert getattr(read, name).dtype == getattr(problem, name).dtype
    np.testing.assert_array_equal(read.truth["beta_star"], problem.truth["beta_star"])
    assert read.spec == problem.spec


def test_of_replicate_reads_shared_and_own_arrays(problem):
    np.testing.assert_array_equal(problem.of_replicate("x_train", 1), problem.x_train[0])
    np.testing.assert_array_equal(problem.of_replicate("theta0", 1), problem.theta0[1])
    np.testing.assert_array_equal(
        problem.of_replicate("beta_star", 1), problem.truth["beta_star"][0]
    )


@pytest.mark.parametrize("losses", [(), ("train_loss",), ("batch_loss",)], ids=repr)
def test_replicates_are_joined_with_all_that_belongs_to_them(losses):
    numbers = np.arange(24.0).reshape(3, 8)
    whole = Trajectory(
        iterations=np.array([0, 4]),
        parameters=numbers.reshape(3, 2, 4),
        step_sizes=numbers[:, :2],
        diverged_at=np.array([-1, 6, -1]),
        spec={"replicates": [0, 2]},
        **dict.fromkeys(losses, numbers),
    )
    parts = [whole.of_replicate(row) for row in range(3)]
    for name in ("parameters", "step_sizes", "diverged_at", *losses):
        assert [len(getattr(part, name)) for part in parts] == [1, 1, 1]
    joined = Trajectory.joined(parts, whole.spec)
    for name, value in vars(whole).items():
        np.testing.assert_equal(getattr(joined, name), value)
    # Parts may come from other batches, with specs of their own.
    spec = {"replicates": [0, 5]}
    assert Trajectory.joined(parts, spec).spec == spec


def test_transposed_arrays_keep_their_values(tmp_path):
    parameters = np.arange(24.0).reshape(4, 3, 2).transpose(2, 1, 0)
    trajectory = Trajectory(np.arange(3), parameters, np.ones((2, 3)), np.array([-1, -1]), {})
    arrays.write_trajectory(tmp_path / "t", trajectory, files.provenance({}, "c0de"))
    np.testing.assert_array_equal(arrays.read_trajectory(tmp_path / "t").parameters, parameters)


def test_table_round_trip(table, tmp_path):
    tables.write_table(tmp_path / "t", table, files.provenance({}, "c0de"))
    pd.testing.assert_frame_equal(tables.read_table(tmp_path / "t"), table)


def test_the_last_snapshot_of_one_that_diverged_has_no_metric():
    # Where it began, on the way, after its last snapshot.
    fates = {0: -1, 1: 0, 2: 3, 3: 9}
    rows = [("small", r, t, at, 1.0 + t) for r, at in fates.items() for t in (0, 5)]
    names = ["run", "replicate", "iteration", "diverged_at", "train_loss"]
    last = tables.last_snapshots(pd.DataFrame(rows, columns=names)).set_index("replicate")
    assert (last["iteration"] == 5).all()
    assert last["diverged_at"].to_dict() == fates
    np.testing.assert_array_equal(last["train_loss"], [6.0, np.nan, np.nan, np.nan])


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_truncated_table(table, tmp_path, keep):
    path = tmp_path / "t"
    tables.write_table(path, table, files.provenance({}, "c0de"))
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data)) if keep < 1 else keep])
    with pytest.raises(ArtifactError, match="truncated or not a Parquet file"):
        tables.read_table(path)


def test_texts_that_became_bytes(table, tmp_path):
    # A flipped byte in Parquet's footer can do that; the bytes spell the same text.
    source = files.provenance({}, "c0de")
    tables.write_table(tmp_path / "t", table.assign(name="same"), source)
    header = pq.read_schema(tmp_path / "t").metadata
    arrow = pa.Table.from_pandas(table.assign(name=b"same"), preserve_index=False)
    pq.write_table(arrow.replace_schema_metadata(header), tmp_path / "t")
    with pytest.raises(ArtifactError, match="column name holds neither numbers nor texts"):
        tables.read_table(tmp_path / "t")


def test_changed_metadata(tmp_path):
    files.write_arrays(tmp_path / "t", "edges", {"edges": np.ones(2)}, {"spec": {"seed": 1}})
    path = tmp_path / "t"
    path.write_bytes(path.read_bytes().replace(b'seed\\": 1', b'seed\\": 2'))
    with pytest.raises(ArtifactError, match="do not match their checksum"):
        files.read_arrays(path, "edges", ())


def test_all_that_a_reader_sees_counts_in_the_digest():
    zeros, source = np.zeros(4), {"spec": {}}
    others = [
        ({"other": zeros}, source),
        ({"edges": zeros.astype("<i8")}, source),
        ({"edges": zeros.reshape(2, 2)}, source),
        ({"edges": zeros + 1}, source),
        ({"edges": zeros, "more": zeros[:0]}, source),
        ({"edges": zeros}, {"spec": {"seed": 1}}),
    ]
    digests = [files.digest({"edges": zeros}, source), *(files.digest(*other) for other in others)]
    assert len(set(digests)) == len(digests)
    # The order of names does not, nor how an array lies in memory.
    pair = {"a": np.ones((2, 3)), "b": zeros}
    turned = {"b": zeros, "a": np.asfortranarray(np.ones((2, 3)))}
    assert files.digest(pair, source) == files.digest(turned, source)


def test_bytes_and_their_checksum(tmp_path):
    path = tmp_path / "t.csv"
    files.write_bytes(path, b"a,b")
    assert files.read_bytes(path) == b"a,b"
    path.write_bytes(b"a,c")
    with pytest.raises(ArtifactError, match=r"t\.csv: does not match its checksum; rebuild"):
        files.read_bytes(path)
    (tmp_path / ".t.csv.sha256").unlink()
    with pytest.raises(ArtifactError, match=r"t\.csv: cannot be read \(No such file"):
        files.read_bytes(path)


def test_foreign_table(table, tmp_path):
    table.to_parquet(tmp_path / "t")
    with pytest.raises(ArtifactError, match="not written by this version"):
        tables.read_table(tmp_path / "t")


def test_changed_table_value(table, tmp_path):
    path = tmp_path / "t"
    tables.write_table(path, table, files.provenance({}, "c0de"))
    data = path.read_bytes()
    at = data.index(np.float64(1e-300).tobytes())
    path.write_bytes(data[:at] + np.float64(2e-300).tobytes() + data[at + 8 :])
    with pytest.raises(ArtifactError):
        tables.read_table(path)


def test_same_bytes_in_every_process(tmp_path):
    code = (
        "import sys, numpy as np; from sparsestep.artifacts import arrays as a, files as s;"
        "p, e, d = np.ones((1, 3, 2)), np.ones((1, 3)), np.array([-1]);"
        "t = a.Trajectory(np.arange(3), p, e, d, {'b': 1, 'a': 2});"
        "a.write_trajectory(sys.argv[1], t, s.provenance(t.spec, 'c0de'))"
    )
    contents = set()
    for seed in ("1", "2", "3"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        path = tmp_path / seed
        subprocess.run([sys.executable, "-c", code, str(path)], env=environment, check=True)
        contents.add(path.read_bytes())
    assert len(contents) == 1


def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "t"
    files.write_atomically(path, b"old")

    def full_disk(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(ArtifactError, match="cannot be written: No space left on device"):
        files.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["t"]


def test_a_file_is_written_under_a_name_of_this_process_and_locked(tmp_path, monkeypatch):
    seen = []

    def look(handle):
        (name,) = os.listdir(tmp_path)
        with open(tmp_path / name, "rb") as other:
            seen.append((name, files._try_lock(other), other.read()))

    monkeypatch.setattr(os, "fsync", look)
    files.write_atomically(tmp_path / "t", b"whole")
    # So that a second writer neither takes the name nor tidies the file away.
    assert seen == [(f".t.{os.getpid()}.tmp", False, b"whole")]


def test_what_a_killed_writer_left_is_removed(tmp_path):
    (tmp_path / ".t.123.tmp").write_bytes(b"half")
    files.write_atomically(tmp_path / "t", b"whole")
    assert os.listdir(tmp_path) == ["t"]


def test_what_a_live_writer_writes_is_left_alone(tmp_path):
    with open(tmp_path / ".t.123.tmp", "wb") as other:
        assert files._try_lock(other)
        files.write_atomically(tmp_path / "t", b"whole")
    assert sorted(os.listdir(tmp_path)) == [".t.123.tmp", "t"]


def test_no_pickle_anywhere():
    root = Path(arrays.__file__).parents[1]
    # Numba keeps compiled kernels as pickles: there, only what this user's own process wrote is
    # read (tests/unit/runtime/test_kernel_cache.py).
    kernels = root / "runtime" / "kernel_cache.py"
    for source in {*root.rglob("*.py")} - {kernels}:
        words = source.read_text().replace("allow_pickle=False", "")
        assert "pickle" not in words.replace("no pickle", ""), source
        # `network.eval()` of torch is another word.
        assert not re.search(r"(?<!\.)\beval\(", words), source


@pytest.mark.parametrize(
    ("read", "content", "names"),
    [
        (tables.read_tables, tables.MEASUREMENTS, ("first", "small")),
        (tables.read_sweeps, tables.SWEEP, ("phases",)),
    ],
)
def test_tables_of_other_settings_are_refused(table, tmp_path, read, content, names):
    path, table = tmp_path / "table", table.assign(step_size=0.1, decay_at=0.5)
    tables.write_table(path, table, files.provenance({"seed": 1}, "c0de"), content)
    (found,) = read([path], [[*names, identity({"seed": 1})]]).values()
    assert len(found) == 3
    with pytest.raises(ArtifactError, match="made from another configuration"):
        read([path], [[*names, identity({"seed": 2})]])
