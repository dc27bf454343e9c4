"""Facts about files, kept beside Snakemake's own records: every job reads config.yaml again.

Nothing depends on it but time: what is missing, damaged or of another file is worked out anew.
"""

import contextlib
import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sparsestep.artifacts.files import write_atomically
from sparsestep.errors import ArtifactError

FOLDER = Path(".snakemake", "sparsestep", "tables")
# Seconds. A file may change twice within one tick of its file system's clock.
_JUST_WRITTEN = 2.0

Identity = tuple[str, int, int, int, int]


def remembered(key: Any, compute: Callable[[], Any]) -> Any:
    """The JSON value that `compute` returns for this key, which is a JSON value too.

    Outside of a folder where Snakemake has run, nothing is kept.
    """
    name = hashlib.sha256(_json(key)).hexdigest()[:32]
    path = FOLDER / f"{name}.json"
    kept = _read(path)
    if kept is not None and kept.get("key") == json.loads(_json(key)):
        return kept["value"]
    value = compute()
    if FOLDER.parents[1].is_dir():
        body = _json({"key": key, "value": value})
        # Who may only look at results keeps nothing.
        with contextlib.suppress(ArtifactError):
            write_atomically(path, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    return value


def identity_of(path: Path) -> Identity:
    """What changes whenever a file does, without a look at its content; raises OSError."""
    about = path.stat()
    whole = str(path.absolute())
    return (whole, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)


def sha256_of(path: Path) -> str:
    """sha256 of a file's bytes, worked out once for each content; raises OSError."""
    identity = identity_of(path)
    changed = max(identity[3:]) / 1e9
    if time.time() - changed < _JUST_WRITTEN:
        return _hash(path)
    return remembered(["sha256", *identity], lambda: _hash(path))


def _hash(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _read(path: Path) -> dict[str, Any] | None:
    try:
        checksum, _, body = path.read_bytes().partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != checksum:
            return None
        kept = json.loads(body)
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) else None
