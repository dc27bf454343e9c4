"""Found by fuzzing (tests/faults): files on which a reader hung, or failed without a word."""

import json
import os
import struct

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sparsestep.artifacts import arrays, files, tables
from sparsestep.errors import ArtifactError

READERS = pytest.mark.parametrize("read", [arrays.read_edges, tables.read_table])


def said(read, path):
    with pytest.raises(ArtifactError) as caught:
        read(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert line.isprintable()
    assert len(line) < 1000
    return line


@READERS
def test_a_pipe_is_not_waited_for(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    assert "not a file: delete it first" in said(read, tmp_path / "pipe")


@READERS
def test_a_folder_and_a_link_to_itself(tmp_path, read):
    assert "not a file" in said(read, tmp_path)
    (tmp_path / "link").symlink_to("link")
    assert "cannot be read (Too many levels of symbolic links)" in said(read, tmp_path / "link")


def with_header(path, header, array):
    text = json.dumps({"__metadata__": {"sparsestep": json.dumps(header)}, "edges": array}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(8))


def test_a_type_that_numpy_does_not_have(tmp_path):
    array = {"dtype": "F8_E4M3", "shape": [8], "data_offsets": [0, 8]}
    with_header(tmp_path / "edges", {"format": files.FORMAT}, array)
    assert "not a safetensors file" in said(arrays.read_edges, tmp_path / "edges")


@pytest.mark.parametrize("content", ["a\nb", "\x1b[2J", "a" * 10**6])
def test_what_a_header_says_is_shown_on_one_line(tmp_path, content):
    header = {"format": files.FORMAT, "content": content, "source": {"spec": {}}}
    with_header(tmp_path / "edges", header, {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]})
    assert "holds a" in said(arrays.read_edges, tmp_path / "edges")


def test_a_table_of_a_terabyte_is_not_read(tmp_path):
    (tmp_path / "table").write_bytes(b"PAR1")
    os.truncate(tmp_path / "table", 2**40)
    assert "does not begin and end with PAR1" in said(tables.read_table, tmp_path / "table")


def test_a_small_file_that_stands_for_a_large_table(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "_VALUES", 10**6)
    pq.write_table(pa.table({"a": np.zeros(10**6 + 1)}), tmp_path / "table")
    assert (tmp_path / "table").stat().st_size < 10**5
    assert "claims 1000001 rows of 1 columns" in said(tables.read_table, tmp_path / "table")


def test_a_text_that_is_none(tmp_path):
    path = tmp_path / "table"
    frame = pd.DataFrame({"inputs": ["wide", "same"]})
    tables.write_table(path, frame, files.provenance({}, "c0de"), tables.SIMULATION)
    content = path.read_bytes()
    changed = content.replace(b"same", b"s\xffme")
    assert changed != content
    path.write_bytes(changed)
    assert "not a Parquet file" in said(
        lambda p: tables.read_table(p, None, "simulation table"), path
    )
