"""Files that hold one artefact each: atomic, checksummed, safe to open.

Arrays are safetensors files, tables are Parquet files (`tables.py`); neither can hold code. The
file's metadata say what is in it (`content`), from which spec and code it came, with which versions
and where it was written, and a sha256 of the values and of all this, which is checked at reading.
Of texts and figures that a later stage reads, a hidden file beside them holds the sha256.
"""

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import platform
import stat
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import numpy as np
import safetensors
import safetensors.numpy

from sparsestep.errors import ArtifactError

FORMAT = "sparsestep-1"
# Numbers that are hashed at a time.
_PART = 2**20


def provenance(spec: dict[str, Any], code: str) -> dict[str, Any]:
    """Where an artefact comes from: its spec, the code's fingerprint, versions, machine."""
    return {
        "spec": spec,
        "code": code,
        "sparsestep": version_or_unknown("sparsestep"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "host": platform.node(),
        "machine": platform.machine(),
    }


def version_or_unknown(package: str) -> str:
    """Installed version of a package; a bare checkout on PYTHONPATH has none."""
    try:
        return version(package)
    except Exception:
        return "unknown"


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary name beside `path`, flush to disk, then rename.

    Temporary files that killed writers of the same path left behind are removed. Raises
    ArtifactError when the disk is full, the folder cannot be written, and the like.
    """
    path = Path(path)
    # The process id, because a job whose Snakemake was killed may still run beside its successor.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_over(path)
        with _opened(temporary) as file:
            _try_lock(file)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise ArtifactError(f"{path}: cannot be written: {error.strerror}") from None


def _opened(path: Path) -> IO[bytes]:
    try:
        return open(path, "wb")
    except FileNotFoundError:
        # Another job has just tidied the empty folder away (`stages/train_images.py`).
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "wb")


def _remove_left_over(path: Path) -> None:
    for temporary in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        with contextlib.suppress(FileNotFoundError), open(temporary, "rb") as file:
            if _try_lock(file):
                temporary.unlink(missing_ok=True)


def _try_lock(file: IO[bytes]) -> bool:
    """Hold a lock that ends with this process; False where somebody has it or locks are unknown."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def damaged(path: Path, why: str) -> ArtifactError:
    """The error for a file that must be made again, with the command that does so, in one line."""
    # Libraries quote what they found, which may be anything.
    why = "".join(c if c.isprintable() else repr(c)[1:-1] for c in why)
    why = why if len(why) <= 300 else why[:297] + "..."
    return ArtifactError(f"{path}: {why}; rebuild it with: snakemake --cores all --force {path}")


def require_file(path: Path) -> None:
    """Raise ArtifactError where there is no file: a pipe would be waited for until it is full."""
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise damaged(path, "missing") from None
    except OSError as error:
        raise damaged(path, f"cannot be read ({error.strerror})") from None
    if not stat.S_ISREG(mode):
        raise damaged(path, "not a file: delete it first")


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file that `read_bytes` can check."""
    # The checksum first: a file without its own would be refused, a checksum alone harms nobody.
    write_atomically(_checksum_path(path), f"{hashlib.sha256(data).hexdigest()}\n".encode())
    write_atomically(path, data)


def read_bytes(path: Path) -> bytes:
    """What `write_bytes` wrote. Raises ArtifactError when it is missing or has changed since."""
    require_file(path)
    try:
        data = Path(path).read_bytes()
        expected = _checksum_path(path).read_bytes()
    except OSError as error:
        raise damaged(path, f"cannot be read ({error.strerror}: {error.filename})") from None
    if f"{hashlib.sha256(data).hexdigest()}\n".encode() != expected:
        raise damaged(path, "does not match its checksum")
    return data


def _checksum_path(path: Path) -> Path:
    path = Path(path)
    return path.with_name(f".{path.name}.sha256")


def digest(columns: dict[str, np.ndarray], source: dict[str, Any]) -> str:
    """sha256 of the source, and of names, types, shapes and values in order of the names."""
    total = hashlib.sha256(json.dumps(source, sort_keys=True).encode())
    for name in sorted(columns):
        array = np.ascontiguousarray(columns[name])
        total.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        # In parts, because a trajectory of a network on images may fill much of the memory.
        flat = array.reshape(-1)
        for start in range(0, len(flat), _PART):
            part = flat[start : start + _PART]
            if part.dtype.kind == "f" and np.isnan(part).any():
                # Parquet keeps that a value is NaN, but not its sign and payload.
                part = np.where(np.isnan(part), np.nan, part).astype(part.dtype)
            total.update(part.data.cast("B"))
    return total.hexdigest()


def write_arrays(
    path: Path, content: str, arrays: dict[str, np.ndarray], source: dict[str, Any]
) -> None:
    """Write arrays by name as a file that holds a `content`; `source` is its `provenance`."""
    # C order is what safetensors stores; it would write the bytes of a transposed view as they lie.
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    # One entry only: safetensors writes several in an order that changes from run to run.
    header = {
        "format": FORMAT,
        "content": content,
        "sha256": digest(arrays, source),
        "source": source,
    }
    metadata = {"sparsestep": json.dumps(header, sort_keys=True)}
    write_atomically(path, safetensors.numpy.save(arrays, metadata=metadata))


def read_arrays(
    path: Path, content: str, required: tuple[str, ...]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """All arrays of a file that holds a `content`, at least the `required` ones, and its source.

    Raises ArtifactError when the file is damaged or is something else.
    """
    arrays: dict[str, np.ndarray] = {}
    require_file(path)
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get("sparsestep", "")
            if text:
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except PermissionError as error:
        raise damaged(path, f"cannot be read ({error.strerror or 'no permission'})") from None
    except (safetensors.SafetensorError, ValueError, TypeError, AttributeError, OSError) as error:
        # AttributeError: a type of number that NumPy does not have.
        first_line = str(error).partition("\n")[0]
        raise damaged(path, f"truncated or not a safetensors file ({first_line})") from None
    return arrays, checked_source(path, text, content, arrays, required)


def checked_source(
    path: Path, text: str, content: str, columns: dict[str, np.ndarray], required: tuple[str, ...]
) -> dict[str, Any]:
    """Where a file's content comes from, after all that can be wrong with it is ruled out.

    `text` is the JSON header in the file's metadata, `columns` its arrays or table columns. Raises
    ArtifactError for a file that is not ours, holds something else, or whose values changed.
    """
    try:
        header = json.loads(text)
        source = header["source"]
        written_by_us = header["format"] == FORMAT and isinstance(source["spec"], dict)
    except (ValueError, TypeError, KeyError, RecursionError):
        written_by_us = False
    if not written_by_us:
        raise damaged(path, f"not written by this version of sparsestep ({FORMAT})")
    if header.get("content") != content:
        raise damaged(path, f"holds a {header.get('content')}, expected a {content}")
    missing = [name for name in required if name not in columns]
    if missing:
        raise damaged(path, f"lacks {', '.join(missing)}")
    if header.get("sha256") != digest(columns, source):
        raise damaged(path, "values do not match their checksum")
    return source


def require_spec(path: Path, source: dict[str, Any], spec: dict[str, Any] | None) -> None:
    """Refuse a file that was made from another spec than this one (None: any will do)."""
    if spec is not None and source["spec"] != spec:
        raise damaged(path, "was made from another configuration")
