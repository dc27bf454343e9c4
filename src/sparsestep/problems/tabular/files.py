"""Tables by the format of their file."""

from collections import Counter
from pathlib import Path

from sparsestep.mistakes import shown
from sparsestep.problems.tabular.columns import Table
from sparsestep.problems.tabular.refusal import refuse


def open_table(path: Path, keys: tuple[str, ...]) -> Table:
    """The table in a file; what is wrong with it is told under `keys` of the problem."""
    # Each brings a library along.
    match path.suffix.lower():
        case ".csv":
            from sparsestep.problems.tabular.csv_file import CsvFile as Format
        case ".parquet" | ".pq":
            from sparsestep.problems.tabular.parquet_file import ParquetFile as Format
        case ".npz":
            from sparsestep.problems.tabular.npz_file import NpzFile as Format
        case _:
            refuse(f"got {str(path)!r}; valid: .csv, .parquet, .npz", *keys)
    table = Format(path, keys)
    for at, name in enumerate(table.names, 1):
        if not name:
            refuse(f"{path}: column {at} has no name (an index? write the file without)", *keys)
    (name, count), *_ = Counter(table.names).most_common(1) or [("", 0)]
    if count > 1:
        refuse(f"{path}: there are several columns {shown(name)}", *keys)
    return table
