"""Checkpoints of a training on images, from which an interrupted one goes on.

A folder beside the declared outputs, which Snakemake deletes before a job: a file for every
snapshot, written once, and `checkpoint.safetensors`, replaced every few minutes. There is no state
of random numbers in it, because there is none (`epochs.py`).
"""

import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from sparsestep.artifacts.files import damaged, provenance, read_arrays, write_arrays
from sparsestep.errors import ArtifactError
from sparsestep.images.networks import state as image_state

if TYPE_CHECKING:
    from types import FrameType

    from sparsestep.images.training.loop import Run


class Keeper(Protocol):
    """Where snapshots and checkpoints go. A run has `network` and `sgd` (momentum.py)."""

    def restore(self, run: "Run", batch_loss: torch.Tensor, kept: np.ndarray) -> int:
        """Set run and losses, (T,), to the checkpoint; its iteration, 0 where there is none.

        `kept` are the iterations of all snapshots; those before the checkpoint must be there.
        """

    def keep_snapshot(self, iteration: int, state: torch.Tensor) -> None:
        """Keep the network's state (P,) before the update of this iteration."""

    def snapshot(self, iteration: int) -> np.ndarray:
        """The state that was kept, float32."""

    def keep_checkpoint(
        self, iteration: int, run: "Run", batch_loss: torch.Tensor, last: bool = False
    ) -> None:
        """Keep everything the updates from this iteration on need, if it is time to, or the end."""


class Memory:
    """Keeps snapshots until the process ends, and no checkpoints."""

    def __init__(self):
        self._snapshots: dict[int, np.ndarray] = {}

    def restore(self, run: "Run", batch_loss: torch.Tensor, kept: np.ndarray) -> int:
        """0: there is no checkpoint."""
        return 0

    def keep_snapshot(self, iteration: int, state: torch.Tensor) -> None:
        """See `Keeper`."""
        self._snapshots[iteration] = state.cpu().numpy()

    def snapshot(self, iteration: int) -> np.ndarray:
        """See `Keeper`."""
        return self._snapshots[iteration]

    def keep_checkpoint(
        self, iteration: int, run: "Run", batch_loss: torch.Tensor, last: bool = False
    ) -> None:
        """Nothing."""


class Folder:
    """Keeps both in files, a checkpoint every `minutes` and when the process is told to end.

    They are used again only by a run of the same spec, code, torch version, device and precision
    (`made_by`); anything else in the folder is deleted.
    """

    # A signal to the process may come between two replicates of a job.
    _signal = 0

    def __init__(self, folder: Path, spec: dict, code: str, made_by: str, minutes: float):
        self._folder = Path(folder)
        self._source = {**provenance(spec, code), "torch": torch.__version__, "made_by": made_by}
        self._seconds = 60 * minutes
        self._last = time.monotonic()

    def end_on_signals(self) -> None:
        """On SIGTERM and SIGINT: end before the next update, with a checkpoint."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._remember)

    def restore(self, run: "Run", batch_loss: torch.Tensor, kept: np.ndarray) -> int:
        """See `Keeper`."""
        path = self._folder / "checkpoint.safetensors"
        try:
            arrays = self._read(path, "checkpoint", ("state", "iteration", "batch_loss"))
            iteration = int(arrays["iteration"][0])
            for earlier in kept[kept < iteration].tolist():
                self.snapshot(earlier)
        except ArtifactError as error:
            if path.exists():
                print(f"starts anew: {error.args[0].partition(';')[0]}", file=sys.stderr)
            shutil.rmtree(self._folder, ignore_errors=True)
            return 0
        image_state.load(run.network, arrays["state"])
        if "momentum" in arrays:
            run.sgd.load(torch.from_numpy(arrays["momentum"]))
        batch_loss[:iteration] = torch.from_numpy(arrays["batch_loss"]).to(batch_loss.device)
        print(f"goes on at iteration {iteration}", file=sys.stderr)
        return iteration

    def keep_snapshot(self, iteration: int, state: torch.Tensor) -> None:
        """See `Keeper`."""
        path = self._snapshot_path(iteration)
        write_arrays(path, "snapshot", {"state": state.cpu().numpy()}, self._source)

    def snapshot(self, iteration: int) -> np.ndarray:
        """See `Keeper`."""
        return self._read(self._snapshot_path(iteration), "snapshot", ("state",))["state"]

    def keep_checkpoint(
        self, iteration: int, run: "Run", batch_loss: torch.Tensor, last: bool = False
    ) -> None:
        """See `Keeper`. Raises SystemExit after a signal, 128 plus its number."""
        if not (last or self._signal or time.monotonic() - self._last >= self._seconds):
            return
        arrays = {
            "iteration": np.array([iteration]),
            "state": image_state.flatten(run.network).cpu().numpy(),
            "batch_loss": batch_loss[:iteration].cpu().numpy(),
        }
        if (momentum := run.sgd.flatten()) is not None:
            arrays["momentum"] = momentum.cpu().numpy()
        write_arrays(self._folder / "checkpoint.safetensors", "checkpoint", arrays, self._source)
        self._last = time.monotonic()
        if self._signal:
            print(f"\nended by signal {self._signal} at iteration {iteration}", file=sys.stderr)
            sys.exit(128 + self._signal)

    def _remember(self, number: int, frame: "FrameType | None") -> None:
        Folder._signal = number

    def _snapshot_path(self, iteration: int) -> Path:
        return self._folder / f"snapshot-{iteration}.safetensors"

    def _read(self, path: Path, content: str, required: tuple[str, ...]) -> dict[str, np.ndarray]:
        arrays, source = read_arrays(path, content, required)
        for key in ("spec", "code", "torch", "made_by"):
            if source.get(key) != self._source[key]:
                raise damaged(path, f"was left by a run with another {key}")
        return arrays
