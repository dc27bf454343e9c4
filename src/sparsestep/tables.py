"""Measurement tables on disk: Parquet, with the same guarantees as `artifacts.py`.

A file of its own, because pandas and pyarrow take longer to import than a small training job runs.
"""

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sparsestep.artifacts import check_header, damaged, digest, write_atomically

_KEY = b"sparsestep"


def write_table(path: Path, table: pd.DataFrame, source: dict[str, Any]) -> None:
    """Write a measurement table; `source` is its `provenance`."""
    header = {
        "format": "sparsestep-1",
        "content": "measurements",
        "sha256": _digest(table),
        "source": source,
    }
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    arrow = arrow.replace_schema_metadata({_KEY: json.dumps(header, sort_keys=True).encode()})
    buffer = io.BytesIO()
    pq.write_table(arrow, buffer)
    write_atomically(path, buffer.getvalue())


def read_table(path: Path) -> pd.DataFrame:
    """Read a measurement table and check it; raises ArtifactError when it is damaged."""
    try:
        arrow = pq.read_table(pa.BufferReader(Path(path).read_bytes()))
        header = json.loads((arrow.schema.metadata or {}).get(_KEY, b"{}"))
        table = arrow.to_pandas()
    except FileNotFoundError:
        raise damaged(path, "missing") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        first_line = str(error).splitlines()[0]
        raise damaged(path, f"truncated or not a Parquet file ({first_line})") from None
    check_header(path, header, "measurements", _columns(table))
    return table


def _columns(table: pd.DataFrame) -> dict:
    return {str(name): table[name].to_numpy() for name in table.columns}


def _digest(table: pd.DataFrame) -> str:
    return digest(_columns(table))


def read_tables(paths: list[str], names: list[list[str]]) -> dict[str, pd.DataFrame]:
    """Measurements of each experiment, all runs and batches below each other, column `run` first.

    `names` holds the (experiment, run) of every path, in the same order.
    """
    parts: dict[str, list[pd.DataFrame]] = {}
    for path, (experiment, run) in zip(paths, names, strict=True):
        table = read_table(path)
        table.insert(0, "run", run)
        parts.setdefault(experiment, []).append(table)
    return {name: pd.concat(tables, ignore_index=True) for name, tables in parts.items()}
