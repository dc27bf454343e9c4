"""Places of tables. No id says them: jobs learn of them through their environment, by content."""

import json
import os
from pathlib import Path

from sparsestep.problems.tabular.refusal import refuse
from sparsestep.problems.tabular.remembered import sha256_of

VARIABLE = "SPARSESTEP_TABLES"


# Paths of the tables that this process has found, by their sha256. Wherever a problem stands in
# config.yaml, its table is among them.
_found: dict[str, str] = {}


def hand_to_jobs() -> None:
    """Put the tables that were found where the jobs that this process starts find them."""
    if _found:
        os.environ[VARIABLE] = json.dumps(_handed() | _found, sort_keys=True)


def find(path: str | None, sha256: str | None, *keys: str) -> tuple[Path, str]:
    """A table's file and the sha256 of its bytes.

    `path` is what the user has written, None where only the dump of a problem is left, as in a job:
    then its `sha256` leads to the file. Refuses what is no file, and one of another content than
    `sha256`, where that is given.
    """
    if path is None:
        path = _found.get(sha256) or _handed().get(sha256)
    if path is None:
        refuse("missing; must be a file: .csv, .parquet or .npz", *keys)
    file = Path(os.path.expanduser(path))
    if not os.path.exists(file):
        refuse(f"got {path!r}; there is no such file, seen from {Path.cwd()}", *keys)
    if not os.path.isfile(file):
        refuse(f"got {path!r}, which is no file", *keys)
    try:
        current = sha256_of(file)
    except OSError as error:
        refuse(f"{path} cannot be read: {error.strerror}", *keys)
    if sha256 not in (None, current):
        text = f"{path} has the sha256 {current}, expected {sha256}"
        refuse(f"{text}; start again where it was edited while the workflow ran", *keys)
    _found[current] = path
    return file, current


def _handed() -> dict[str, str]:
    return json.loads(os.environ.get(VARIABLE, "{}"))
