"""Artefacts that are not what they should be: refused in one line, never executed, at once.

Each file is read where its stage reads it, in a process with little memory beyond its own.
"""

import json
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import survived
import torch

from faults.bounds import bounded
from sparsestep.artifacts import arrays, tables
from sparsestep.artifacts import files as storage
from sparsestep.errors import ArtifactError

SPEC = {"replicates": [0, 1]}
SOURCE = storage.provenance(SPEC, "c0de")
MEGABYTE = 2**20
COUNT = {"refused": 0}


class Harmful:
    """Creates a file where somebody unpickles it."""

    def __reduce__(self):
        return (Path.touch, (Path("PWNED"),))


def write_dataset(path):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 255, (6, 1, 4, 4), dtype=np.uint8)
    statistics = (np.ones(1), np.ones(1))
    dataset = arrays.Dataset(x, np.arange(6), x[:2], np.arange(2), *statistics, SPEC)
    arrays.write_dataset(path, dataset, SOURCE)


def write_problem(path):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((1, 4, 3)), rng.standard_normal((1, 4))
    order = rng.integers(4, size=(2, 9)).astype(np.int32)
    truth = {"beta_star": np.ones((1, 3))}
    problem = arrays.Problem(x, y, x, y, np.ones((2, 6)), order, SPEC, truth)
    arrays.write_problem(path, problem, SOURCE)


def write_edges(path):
    arrays.write_edges(path, np.array([0.1, 0.2]), SOURCE)


def write_trajectory(path, parameters=None):
    parameters = np.ones((2, 3, 6)) if parameters is None else parameters
    batch_loss = None if parameters.dtype == np.float64 else np.ones((2, 9), np.float32)
    about = (np.ones((2, 3)), np.array([-1, 2]), SPEC)
    trajectory = arrays.Trajectory(
        np.arange(3), parameters, *about, train_loss=np.ones((2, 9)), batch_loss=batch_loss
    )
    arrays.write_trajectory(path, trajectory, SOURCE)


def write_of_images(path):
    write_trajectory(path, np.ones((2, 3, 6), np.float32))


def write_of_images_in_bfloat16(path):
    write_trajectory(path, np.ones((2, 3, 6), np.uint16))


def write_measurements(path):
    columns = {"replicate": [0, 1] * 50, "iteration": range(100), "diverged_at": [-1] * 100}
    table = pd.DataFrame(columns).assign(train_loss=np.random.default_rng(0).random(100))
    tables.write_table(path, table, SOURCE)


def write_simulation(path):
    table = pd.DataFrame({"inputs": ["same", "wide"] * 50, "z": np.linspace(0, 1, 100)})
    tables.write_table(path, table, SOURCE, tables.SIMULATION)


def read_simulation(path):
    return tables.read_table(path, content=tables.SIMULATION)


KINDS = {
    "dataset": (write_dataset, arrays.read_dataset),
    "problem": (write_problem, arrays.read_problem),
    "edges": (write_edges, arrays.read_edges),
    "trajectory": (write_trajectory, arrays.read_trajectory),
    "trajectory on images": (write_of_images, arrays.read_trajectory),
    "trajectory in bfloat16": (write_of_images_in_bfloat16, arrays.read_trajectory),
    "measurements": (write_measurements, tables.read_table),
    "simulation": (write_simulation, read_simulation),
}
every_kind = pytest.mark.parametrize(("write", "read"), KINDS.values(), ids=KINDS)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """What is executed in spite of all would leave its file here."""
    monkeypatch.chdir(tmp_path)
    yield
    assert not Path("PWNED").exists()


@pytest.fixture(scope="module", autouse=True)
def _number():
    yield
    survived.record(
        "An artefact that is truncated, random, a pickle, a zip bomb, a pipe, ...",
        f"{COUNT['refused']} files of {len(KINDS)} kinds: refused in one line, none executed",
    )


def refused(read, path) -> str:
    """What is said of this file."""
    # Threads of Arrow ask for address space, not for memory.
    with bounded(seconds=10, memory=1024 * MEGABYTE), pytest.raises(ArtifactError) as caught:
        read(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert line.endswith(f"; rebuild it with: snakemake --cores all --force {path}")
    assert line.isprintable()
    assert len(line) < 1000
    COUNT["refused"] += 1
    return line


@every_kind
def test_truncated_at_every_twentieth(write, read):
    path = Path("artefact")
    write(path)
    read(path)
    whole = path.read_bytes()
    for part in range(20):
        path.write_bytes(whole[: len(whole) * part // 20])
        refused(read, path)
    for missing in (1, 4, 8):
        path.write_bytes(whole[:-missing])
        refused(read, path)
    path.write_bytes(whole + b"x")
    refused(read, path)


@every_kind
def test_bytes_that_changed(write, read):
    """Any byte of an array file; a table's that no value depends on may change unnoticed."""
    path, rng = Path("artefact"), np.random.default_rng(0)
    write(path)
    whole = path.read_bytes()
    for place in rng.choice(len(whole), 100, replace=False):
        changed = bytearray(whole)
        changed[place] ^= 1 << rng.integers(8)
        path.write_bytes(changed)
        before = COUNT["refused"]
        try:
            refused(read, path)
        except pytest.fail.Exception:
            # Nothing was raised: a note in the header (host, version), or a statistic of a column.
            assert COUNT["refused"] == before


def foreign() -> dict[str, bytes]:
    """Files that are something else."""
    rng = np.random.default_rng(1)
    files = {f"random {n}": rng.bytes(int(10 ** rng.uniform(0, 5))) for n in range(20)}
    torch.save(Harmful(), "torch")
    torch.save({"a": torch.ones(3), "b": Harmful()}, "old", _use_new_zipfile_serialization=False)
    np.save("numpy.npy", np.array([Harmful()]), allow_pickle=True)
    with zipfile.ZipFile("zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", bytes(50 * MEGABYTE))
    files |= {name: Path(name).read_bytes() for name in ("torch", "old", "numpy.npy", "zip")}
    files |= {f"pickle {n}": pickle.dumps(Harmful(), protocol=n) for n in range(6)}
    claims = struct.pack("<IHHHHHIIIHH", 0x04034B50, 45, 0, 8, 0, 0, 0, 2**32 - 1, 2**32 - 1, 1, 0)
    files |= {"empty": b"", "zip bomb header": claims + b"a", "text": b"hello\n" * 1000}
    files |= {"zeros": bytes(MEGABYTE), "PAR1": b"PAR1" * 2, "PAR1 long": b"PAR1" * 1000}
    files["footer of 4 GB"] = b"PAR1" + bytes(100) + struct.pack("<I", 2**32 - 1) + b"PAR1"
    files["footer of 2 GB"] = b"PAR1" + bytes(100) + struct.pack("<I", 2**31 - 1) + b"PAR1"
    rows = pa.table({"a": pa.array(np.zeros(3_000_000, np.int64))})
    bomb = pa.BufferOutputStream()
    pq.write_table(pa.concat_tables([rows] * 50), bomb, compression="zstd")
    files["150 million rows"] = bomb.getvalue().to_pybytes()
    return files


def headers() -> dict[str, bytes]:
    """safetensors files whose header claims what is not there."""
    ours = {"format": storage.FORMAT, "content": "edges", "sha256": "0", "source": SOURCE}
    about = {"sparsestep": json.dumps(ours)}
    one = {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}

    def file(header, body=bytes(8), length=None):
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        return struct.pack("<Q", len(text) if length is None else length) + text + body

    def edges(**others):
        return file({"__metadata__": about, "edges": {**one, **others}})

    def noted(text):
        return file({"__metadata__": {"sparsestep": text}, "edges": one})

    twice = json.dumps({"__metadata__": about, "edges": one}).encode()
    files = {"2^62 bytes": file({}, length=2**62), "2^64 - 1 bytes": file({}, length=2**64 - 1)}
    files |= {"100 MB": file({}, length=10**8 - 1), "cut": file({"edges": one}, length=5)}
    files |= {"shape 2^40": edges(shape=[2**40]), "shape 2^80": edges(shape=[2**40, 2**40])}
    files |= {"0 times 2^62": edges(shape=[0, 2**62], data_offsets=[0, 0]), "list": file(b"[]")}
    files |= {"negative": edges(data_offsets=[-8, 0]), "backwards": edges(data_offsets=[8, 0])}
    files |= {"beyond": edges(data_offsets=[2**62, 2**62 + 8]), "hole": file({}, bytes(800))}
    files |= {f"type {t}": edges(dtype=t) for t in ("BF16", "C64", "BOOL", "I8", "X", "", None)}
    small = {"F8_E4M3": 8, "F8_E5M2": 8, "F4": 16, "F6_E2M3": 8, "F8_E8M0": 8}
    files |= {f"type {t}": edges(dtype=t, shape=[n]) for t, n in small.items()}
    again = {"__metadata__": about, "edges": one, "more": {**one, "data_offsets": [4, 12]}}
    files |= {"overlap": file(again, bytes(12))}
    files |= {"twice": file(twice[:-1] + b', "edges": ' + json.dumps(one).encode() + b"}")}
    files |= {"deep": file(b'{"__metadata__": ' + b"[" * 10**5), "not UTF-8": file(b'{"\xff": 1}')}
    files |= {"no note": file({"edges": one}), "nothing": file({}, b""), "empty note": noted("")}
    files |= {"deep note": noted("[" * 10**5), "long note": noted("[" + "1," * 10**6 + "1]")}
    files |= {"digits": noted('{"format": "sparsestep-1", "source": ' + "9" * 5000 + "}")}
    for name, content in {
        "lines": "a\nb\x1b[2J",
        "long": "a" * 10**6,
        "list": [1],
        "none": None,
    }.items():
        files[f"content {name}"] = noted(json.dumps({**ours, "content": content}))
    files |= {"source": noted(json.dumps({**ours, "source": {"spec": []}}))}
    names = {str(n): {**one, "shape": [0], "data_offsets": [0, 0]} for n in range(50_000)}
    return files | {"50000 arrays": file({"__metadata__": about, **names}, b"")}


@every_kind
def test_files_that_are_something_else(write, read):
    files = foreign() | headers()
    for name, content in files.items():
        path = Path("artefact")
        path.write_bytes(content)
        try:
            refused(read, path)
        except BaseException as error:
            error.add_note(f"file: {name}")
            raise


@every_kind
def test_artefacts_of_another_kind(write, read):
    for other, _ in KINDS.values():
        path = Path("artefact")
        other(path)
        if other is not write and "trajectory" not in read.__name__:
            refused(read, path)


def _endless(path):
    path.write_bytes(b"PAR1")
    os.truncate(path, 2**40)


NOT_FILES = {
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to nothing": lambda path: path.symlink_to("nothing"),
    "endless device": lambda path: path.symlink_to("/dev/zero"),
    "empty device": lambda path: path.symlink_to("/dev/null"),
    "nothing": lambda path: None,
}


@every_kind
@pytest.mark.parametrize("make", NOT_FILES.values(), ids=NOT_FILES)
def test_what_is_no_file(write, read, make):
    path = Path("artefact")
    make(path)
    refused(read, path)


def test_below_a_file():
    Path("file").touch()
    assert "missing" in refused(arrays.read_edges, Path("file/artefact"))


def test_a_table_of_a_terabyte_is_not_read():
    path = Path("artefact")
    _endless(path)
    assert "does not begin and end with PAR1" in refused(tables.read_table, path)


@every_kind
@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(write, read):
    path = Path("artefact")
    write(path)
    path.chmod(0)
    assert "cannot be read" in refused(read, path)
