"""Tables of measurements and simulations on disk: Parquet, as safe as what `artifacts.py` writes.

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

from sparsestep.artifacts import FORMAT, checked_source, damaged, digest, write_atomically
from sparsestep.identity import identity

_KEY = b"sparsestep"
# Columns of every measurement table; the others are metrics.
KEYS = ("replicate", "iteration", "diverged_at")
MEASUREMENTS, SIMULATION = "measurement table", "simulation table"
# What a table must have; a simulation's columns are up to its kind.
_REQUIRED = {MEASUREMENTS: KEYS, SIMULATION: ()}


def write_table(
    path: Path, table: pd.DataFrame, source: dict[str, Any], content: str = MEASUREMENTS
) -> None:
    """Write a table of measurements or of a simulation; `source` is its `provenance`."""
    header = {
        "format": FORMAT,
        "content": content,
        "sha256": digest(_columns(table)),
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
    try:
        arrow = pq.read_table(pa.BufferReader(Path(path).read_bytes()))
        header = (arrow.schema.metadata or {}).get(_KEY, b"").decode()
        table = arrow.to_pandas()
    except FileNotFoundError:
        raise damaged(path, "missing") from None
    except (PermissionError, IsADirectoryError) as error:
        raise damaged(path, f"cannot be read ({error.strerror})") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        first_line = str(error).partition("\n")[0]
        raise damaged(path, f"truncated or not a Parquet file ({first_line})") from None
    source = checked_source(path, header, content, _columns(table), _REQUIRED[content])
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


def last_snapshots(table: pd.DataFrame) -> pd.DataFrame:
    """The last row of every (run, replicate), in the order of the table.

    The metrics of a replicate that diverged are NaN, also where it did so after its last snapshot.
    """
    at = table.groupby(["run", "replicate"], sort=False)["iteration"].idxmax()
    last = table.loc[at].copy()
    metrics = [name for name in table.columns if name not in ("run", *KEYS)]
    last[metrics] = last[metrics].astype(float).where(last["diverged_at"] < 0)
    return last


def _columns(table: pd.DataFrame) -> dict:
    return {str(name): _as_numbers(table[name]) for name in table.columns}


def _as_numbers(column: pd.Series) -> np.ndarray:
    """The column's values; of texts, their UTF-8 bytes, a row each."""
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy()
    encoded = np.char.encode(column.to_numpy().astype(str), "utf-8")
    return encoded.view(np.uint8).reshape(len(encoded), encoded.itemsize)
