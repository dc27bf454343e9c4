"""Arrays that the stages hand to each other, and the files that hold them (`files.py`)."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sparsestep.artifacts.files import read_arrays, require_spec, write_arrays

_PROBLEM_ARRAYS = ("x_train", "y_train", "x_test", "y_test", "theta0", "order")
_DATASET_ARRAYS = ("x_train", "y_train", "x_test", "y_test", "mean", "std")
_TRAJECTORY_ARRAYS = ("iterations", "parameters", "step_sizes", "diverged_at")
_TRAJECTORY_OPTIONAL = ("train_loss", "batch_loss")


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
            Of networks on images float32, or uint16, the bits of bfloat16, with the running
            statistics of batch norm among them (`images/networks/state.py`).
        step_sizes: (R, S), float64: step size of the update after each snapshot.
        diverged_at: (R,), int64: first iteration with a non-finite or exploding residual, -1 where
            the replicate survived.
        spec: what it was trained from.
        train_loss: (R, T), float64: training loss before every update, NaN after a divergence; None
            where the algorithm was not asked for it (`log_loss`).
        batch_loss: (R, T), float32: loss of the mini-batch of every update, NaN after a divergence;
            of networks on images, else None.
    """

    iterations: np.ndarray
    parameters: np.ndarray
    step_sizes: np.ndarray
    diverged_at: np.ndarray
    spec: dict[str, Any]
    train_loss: np.ndarray | None = None
    batch_loss: np.ndarray | None = None

    def of_replicate(self, row: int) -> "Trajectory":
        """The snapshots of the replicate of this row alone; R = 1."""
        rows = {name: array[row : row + 1] for name, array in self._by_replicate().items()}
        return replace(self, **rows)

    @classmethod
    def joined(cls, parts: list["Trajectory"], spec: dict[str, Any]) -> "Trajectory":
        """The rows of all, whose snapshots are of the same iterations."""
        arrays = [part._by_replicate() for part in parts]
        rows = {name: np.concatenate([each[name] for each in arrays]) for name in arrays[0]}
        return replace(parts[0], spec=spec, **rows)

    def _by_replicate(self) -> dict[str, np.ndarray]:
        names = ("parameters", "step_sizes", "diverged_at", *_TRAJECTORY_OPTIONAL)
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


def write_problem(path: Path, problem: Problem, source: dict[str, Any]) -> None:
    """Write a Problem; `source` is its `provenance`."""
    arrays = {name: getattr(problem, name) for name in _PROBLEM_ARRAYS}
    arrays |= {f"truth.{name}": array for name, array in problem.truth.items()}
    write_arrays(path, "problem", arrays, source)


def read_problem(path: Path, spec: dict[str, Any] | None = None) -> Problem:
    """Read a Problem and check it; with `spec`, that it was generated from that.

    Raises ArtifactError when the file is damaged or is something else.
    """
    arrays, source = read_arrays(path, "problem", _PROBLEM_ARRAYS)
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
    write_arrays(path, "dataset", arrays, source)


def read_dataset(path: Path, spec: dict[str, Any] | None = None) -> Dataset:
    """Read a Dataset and check it; with `spec`, that it is that one."""
    arrays, source = read_arrays(path, "dataset", _DATASET_ARRAYS)
    require_spec(path, source, spec)
    return Dataset(**{name: arrays[name] for name in _DATASET_ARRAYS}, spec=source["spec"])


def write_trajectory(path: Path, trajectory: Trajectory, source: dict[str, Any]) -> None:
    """Write a Trajectory; `source` is its `provenance`."""
    arrays = {name: getattr(trajectory, name) for name in _TRAJECTORY_ARRAYS}
    optional = {name: getattr(trajectory, name) for name in _TRAJECTORY_OPTIONAL}
    arrays |= {name: array for name, array in optional.items() if array is not None}
    write_arrays(path, "trajectory", arrays, source)


def read_trajectory(path: Path, spec: dict[str, Any] | None = None) -> Trajectory:
    """Read a Trajectory and check it; with `spec`, that it was trained from that.

    Raises ArtifactError when the file is damaged or is something else.
    """
    arrays, source = read_arrays(path, "trajectory", _TRAJECTORY_ARRAYS)
    require_spec(path, source, spec)
    fields = {name: arrays[name] for name in _TRAJECTORY_ARRAYS}
    optional = {name: arrays.get(name) for name in _TRAJECTORY_OPTIONAL}
    return Trajectory(**fields, **optional, spec=source["spec"])


def write_edges(path: Path, edges: np.ndarray, source: dict[str, Any]) -> None:
    """Write the edges of a batch, (R,), float64; `source` is their `provenance`."""
    write_arrays(path, "edges", {"edges": edges}, source)


def read_edges(path: Path, spec: dict[str, Any] | None = None) -> np.ndarray:
    """Read the edges of a batch, (R,), and check them; with `spec`, that they belong to it."""
    arrays, source = read_arrays(path, "edges", ("edges",))
    require_spec(path, source, spec)
    return arrays["edges"]
