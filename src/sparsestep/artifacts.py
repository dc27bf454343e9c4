"""What the stages hand to each other, on disk: atomic, checksummed, safe to open.

Arrays are safetensors files, tables are Parquet files; neither can hold code. The file's metadata
say what is in it (`content`), from which spec and code it came, with which versions and where it
was written, and a sha256 of the values, which is checked at reading.
"""

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import numpy as np
import safetensors
import safetensors.numpy

from sparsestep.errors import ArtifactError

FORMAT = "sparsestep-1"
_PROBLEM_ARRAYS = ("x_train", "y_train", "x_test", "y_test", "theta0", "order")
_DATASET_ARRAYS = ("x_train", "y_train", "x_test", "y_test", "mean", "std")
_TRAJECTORY_ARRAYS = ("iterations", "parameters", "step_sizes", "diverged_at")


@dataclass(frozen=True)
class Problem:
    """Data, initial parameters and sampling order of the replicates of one batch.

    The first axis of data, theta0 and truth is 1 when all replicates share them, else R.

    Attributes:
        x_train: inputs, (1 or R, n, d), float64.  y_train: labels, (1 or R, n).
        x_test: inputs, (1 or R, n_test, d).  y_test: labels, (1 or R, n_test).
        theta0: initial parameters, (1 or R, P).
        order: index of the sample that each step uses, (R, T), int32.
        truth: what only the simulation knows, for instance `beta_star` (1 or R, d).
        spec: what it was generated from.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    theta0: np.ndarray
    order: np.ndarray
    spec: dict[str, Any]
    truth: dict[str, np.ndarray] = field(default_factory=dict)

    def of_replicate(self, name: str, row: int) -> np.ndarray:
        """The array (or truth) `name` of the replicate in `row` of this batch."""
        array = self.truth[name] if name in self.truth else getattr(self, name)
        return array[row if len(array) > 1 else 0]


@dataclass(frozen=True)
class Dataset:
    """Images and their classes.

    Attributes:
        x_train, x_test: images, (N, C, H, W), uint8.  y_train, y_test: classes, (N,), int64.
        mean, std: of each channel over x_train, in its units, (C,), float64.
        spec: what it was decoded from.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    spec: dict[str, Any]


@dataclass(frozen=True)
class Trajectory:
    """Snapshots of the parameters of the replicates of one batch of one run.

    Attributes:
        iterations: when the snapshots were taken, (S,), int64; each is before that update.
        parameters: (R, S, P), float64; NaN from the iteration on at which a replicate diverged.
        step_sizes: (R, S), float64: step size of the update after each snapshot.
        diverged_at: (R,), int64: first iteration with a non-finite or exploding residual, -1 where
            the replicate survived.
        spec: what it was trained from.
        train_loss: (R, T), float64: training loss before every update, NaN after a divergence; None
            where the algorithm was not asked for it (`log_loss`).
    """

    iterations: np.ndarray
    parameters: np.ndarray
    step_sizes: np.ndarray
    diverged_at: np.ndarray
    spec: dict[str, Any]
    train_loss: np.ndarray | None = None


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
        with open(temporary, "wb") as file:
            _try_lock(file)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise ArtifactError(f"{path}: cannot be written: {error.strerror}") from None


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


def write_problem(path: Path, problem: Problem, source: dict[str, Any]) -> None:
    """Write a Problem; `source` is its `provenance`."""
    arrays = {name: getattr(problem, name) for name in _PROBLEM_ARRAYS}
    arrays |= {f"truth.{name}": array for name, array in problem.truth.items()}
    _write_arrays(path, "problem", arrays, source)


def read_problem(path: Path, spec: dict[str, Any] | None = None) -> Problem:
    """Read a Problem and check it; with `spec`, that it was generated from that.

    Raises ArtifactError when the file is damaged or is something else.
    """
    arrays, source = _read_arrays(path, "problem", _PROBLEM_ARRAYS)
    require_spec(path, source, spec)
    fields = {name: arrays[name] for name in _PROBLEM_ARRAYS}
    truth = {
        name.removeprefix("truth."): array
        for name, array in sorted(arrays.items())
        if name.startswith("truth.")
    }
    return Problem(**fields, truth=truth, spec=source["spec"])


def write_dataset(path: Path, dataset: Dataset, source: dict[str, Any]) -> None:
    """Write a Dataset; `source` is its `provenance`."""
    arrays = {name: getattr(dataset, name) for name in _DATASET_ARRAYS}
    _write_arrays(path, "dataset", arrays, source)


def read_dataset(path: Path, spec: dict[str, Any] | None = None) -> Dataset:
    """Read a Dataset and check it; with `spec`, that it is that one."""
    arrays, source = _read_arrays(path, "dataset", _DATASET_ARRAYS)
    require_spec(path, source, spec)
    return Dataset(**{name: arrays[name] for name in _DATASET_ARRAYS}, spec=source["spec"])


def write_trajectory(path: Path, trajectory: Trajectory, source: dict[str, Any]) -> None:
    """Write a Trajectory; `source` is its `provenance`."""
    arrays = {name: getattr(trajectory, name) for name in _TRAJECTORY_ARRAYS}
    if trajectory.train_loss is not None:
        arrays["train_loss"] = trajectory.train_loss
    _write_arrays(path, "trajectory", arrays, source)


def read_trajectory(path: Path, spec: dict[str, Any] | None = None) -> Trajectory:
    """Read a Trajectory and check it; with `spec`, that it was trained from that.

    Raises ArtifactError when the file is damaged or is something else.
    """
    arrays, source = _read_arrays(path, "trajectory", _TRAJECTORY_ARRAYS)
    require_spec(path, source, spec)
    fields = {name: arrays[name] for name in _TRAJECTORY_ARRAYS}
    return Trajectory(**fields, spec=source["spec"], train_loss=arrays.get("train_loss"))


def write_edges(path: Path, edges: np.ndarray, source: dict[str, Any]) -> None:
    """Write the edges of a batch, (R,), float64; `source` is their `provenance`."""
    _write_arrays(path, "edges", {"edges": edges}, source)


def read_edges(path: Path, spec: dict[str, Any] | None = None) -> np.ndarray:
    """Read the edges of a batch, (R,), and check them; with `spec`, that they belong to it."""
    arrays, source = _read_arrays(path, "edges", ("edges",))
    require_spec(path, source, spec)
    return arrays["edges"]


def damaged(path: Path, why: str) -> ArtifactError:
    """The error for a file that must be made again, with the command that does so."""
    return ArtifactError(f"{path}: {why}; rebuild it with: snakemake --cores all --force {path}")


def digest(columns: dict[str, np.ndarray]) -> str:
    """sha256 of names, types, shapes and values, in order of the names."""
    total = hashlib.sha256()
    for name in sorted(columns):
        array = np.ascontiguousarray(columns[name])
        if array.dtype.kind == "f":
            # Parquet keeps that a value is NaN, but not its sign and payload.
            array = np.where(np.isnan(array), np.nan, array).astype(array.dtype)
        total.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        total.update(array.data.cast("B") if array.size else b"")
    return total.hexdigest()


def _write_arrays(
    path: Path, content: str, arrays: dict[str, np.ndarray], source: dict[str, Any]
) -> None:
    # C order is what safetensors stores; it would write the bytes of a transposed view as they lie.
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    # One entry only: safetensors writes several in an order that changes from run to run.
    header = {
        "format": FORMAT,
        "content": content,
        "sha256": digest(arrays),
        "source": source,
    }
    metadata = {"sparsestep": json.dumps(header, sort_keys=True)}
    write_atomically(path, safetensors.numpy.save(arrays, metadata=metadata))


def _read_arrays(
    path: Path, content: str, required: tuple[str, ...]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    arrays: dict[str, np.ndarray] = {}
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get("sparsestep", "")
            if text:
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise damaged(path, "missing") from None
    except (PermissionError, IsADirectoryError) as error:
        raise damaged(path, f"cannot be read ({error.strerror})") from None
    except (safetensors.SafetensorError, ValueError, TypeError, OSError) as error:
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
    if header.get("sha256") != digest(columns):
        raise damaged(path, "values do not match their checksum")
    return source


def require_spec(path: Path, source: dict[str, Any], spec: dict[str, Any] | None) -> None:
    """Refuse a file that was made from another spec than this one (None: any will do)."""
    if spec is not None and source["spec"] != spec:
        raise damaged(path, "was made from another configuration")
