"""Tables of measurements and simulations on disk: Parquet, as safe as what `files.py` writes.

A file of its own, because pandas and pyarrow take longer to import than a small training job runs.
"""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sparsestep.artifacts.files import (
    FORMAT,
    checked_source,
    damaged,
    digest,
    require_file,
    write_atomically,
)
from sparsestep.artifacts.identity import identity

_KEY = b"sparsestep"
# Columns of every measurement table; the others are metrics.
KEYS = ("replicate", "iteration", "diverged_at")
MEASUREMENTS, SIMULATION = "measurement table", "simulation table"
SWEEP = "sweep table"
# Columns of every sweep table; the others are metrics.
SWEEP_KEYS = ("step_size", "decay_at", *KEYS)
# What a table must have; a simulation's columns are up to its kind.
_REQUIRED = {MEASUREMENTS: KEYS, SIMULATION: (), SWEEP: SWEEP_KEYS}
# What a file may claim to hold; 0.8 GB.
_VALUES = 10**8


def write_table(
    path: Path, table: pd.DataFrame, source: dict[str, Any], content: str = MEASUREMENTS
) -> None:
    """Write a table of measurements or of a simulation; `source` is its `provenance`."""
    header = {
        "format": FORMAT,
        "content": content,
        "sha256": digest(_columns(table), source),
        "source": source,
    }
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    arrow = arrow.replace_schema_metadata({_KEY: json.dumps(header, sort_keys=True).encode()})
    buffer = io.BytesIO()
    pq.write_table(arrow, buffer)
    write_atomically(path, buffer.getvalue())


def read_table(path: Path, spec_id: str | None = None, content: str = MEASUREMENTS) -> pd.DataFrame:
    """Read a table and check it; with `spec_id`, that it was made from that spec.

    Raises ArtifactError when the file is damaged or is something else.
    """
    require_file(path)
    try:
        header, table = _read(Path(path))
        # Texts that are not UTF-8 are noticed here.
        columns = _columns(table)
    except PermissionError as error:
        raise damaged(path, f"cannot be read ({error.strerror})") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        first_line = str(error).partition("\n")[0]
        raise damaged(path, f"truncated or not a Parquet file ({first_line})") from None
    source = checked_source(path, header, content, columns, _REQUIRED[content])
    if spec_id is not None and identity(source["spec"]) != spec_id:
        raise damaged(path, "was made from another configuration")
    return table


def read_tables(paths: list[str], names: list[list[str]]) -> dict[str, pd.DataFrame]:
    """Measurements of each experiment, all runs and batches below each other, column `run` first.

    `names` holds the (experiment, run, id of the spec) of every path, in the same order.
    """
    parts: dict[str, list[pd.DataFrame]] = {}
    for path, (experiment, run, spec_id) in zip(paths, names, strict=True):
        table = read_table(path, spec_id)
        table.insert(0, "run", run)
        parts.setdefault(experiment, []).append(table)
    return {name: pd.concat(tables, ignore_index=True) for name, tables in parts.items()}


def read_sweeps(paths: list[str], names: list[list[str]]) -> dict[str, pd.DataFrame]:
    """End values of each sweep, all points and replicates, sorted by step size and duration.

    `names` holds the (sweep, id of the spec) of every path, in the same order.
    """
    parts: dict[str, list[pd.DataFrame]] = {}
    for path, (name, spec_id) in zip(paths, names, strict=True):
        parts.setdefault(name, []).append(read_table(path, spec_id, SWEEP))
    order = ["step_size", "decay_at", "replicate"]
    return {
        name: pd.concat(tables).sort_values(order, ignore_index=True)
        for name, tables in parts.items()
    }


def last_snapshots(table: pd.DataFrame) -> pd.DataFrame:
    """The last row of every (run, replicate), in the order of the table.

    The metrics of a replicate that diverged are NaN, also where it did so after its last snapshot.
    """
    at = table.groupby(["run", "replicate"], sort=False)["iteration"].idxmax()
    last = table.loc[at].copy()
    metrics = [name for name in table.columns if name not in ("run", *KEYS)]
    last[metrics] = last[metrics].astype(float).where(last["diverged_at"] < 0)
    return last


def _read(path: Path) -> tuple[str, pd.DataFrame]:
    """The header and the table of a file; no table where there is no header."""
    with open(path, "rb") as file:
        # Before all of it is read: it may be large, and not a table.
        size = file.seek(0, 2)
        file.seek(0)
        magic = file.read(4)
        file.seek(max(0, size - 4))
        magic += file.read(4)
        if magic != b"PAR1PAR1":
            raise ValueError("it does not begin and end with PAR1")
        file.seek(0)
        content = pq.ParquetFile(pa.BufferReader(file.read()))
    about = content.metadata
    # A few bytes may stand for a column of equal values, however long.
    if about.num_rows * about.num_columns > _VALUES:
        raise ValueError(f"it claims {about.num_rows} rows of {about.num_columns} columns")
    header = (content.schema_arrow.metadata or {}).get(_KEY, b"").decode()
    if not header:
        return header, pd.DataFrame()
    arrow = content.read()
    # Texts that are none, ends of texts beyond the end: pandas would trip over them later.
    arrow.validate(full=True)
    return header, arrow.to_pandas(ignore_metadata=True)


def _columns(table: pd.DataFrame) -> dict:
    return {str(name): _as_numbers(table[name]) for name in table.columns}


def _as_numbers(column: pd.Series) -> np.ndarray:
    """The column's values; of texts, their UTF-8 bytes, a row each."""
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy()
    texts = column.to_numpy()
    # Bytes would pass for the texts that they spell: a Parquet file can declare either.
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"column {column.name} holds neither numbers nor texts")
    encoded = np.char.encode(texts.astype(str), "utf-8")
    return encoded.view(np.uint8).reshape(len(encoded), encoded.itemsize)
