"""Devices of jobs on images: choice, precision, and turns on a GPU."""

import contextlib
import fcntl
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from sparsestep.errors import SparsestepError
from sparsestep.images import compute as settings
from sparsestep.images.compute import DRIVER

# How images and weights lie in memory. What GPUs' bfloat16 convolutions want; on a CPU 1.2 to 1.4
# times as fast as the default (DenseNet-22-12, ResNet-18 of width 8, batches of 32 digits).
MEMORY_FORMAT = torch.channels_last


@dataclass(frozen=True)
class Device:
    """Where and how a network is trained; by default float32 on the CPU.

    Attributes:
        name: as torch has it, "cpu" or "cuda:0".
        bfloat16: autocast to it.
        compile: torch.compile the network.
    """

    name: str = "cpu"
    bfloat16: bool = False
    compile: bool = False

    @property
    def description(self) -> str:
        """What decides rounding, in a word."""
        kind = self.name.partition(":")[0]
        precision = "bfloat16" if self.bfloat16 else "float32"
        return f"{kind} {precision}{' compiled' if self.compile else ''}"

    def autocast(self) -> torch.autocast:
        """Context of a forward pass."""
        kind = self.name.partition(":")[0]
        return torch.autocast(kind, dtype=torch.bfloat16, enabled=self.bfloat16)


@contextlib.contextmanager
def claimed(wanted: settings.Compute) -> Iterator[Device]:
    """The device and precision that a job uses, its own as long as the context lasts.

    On a GPU the job waits until fewer than `jobs_per_gpu` jobs use one. Raises SparsestepError
    where the GPU that is asked for is not there.
    """
    there = torch.cuda.is_available()
    if wanted.device == "cuda" and not there:
        raise SparsestepError(
            "compute.device is cuda, but torch sees no GPU here; valid: cpu, auto"
        )
    if wanted.device == "auto" and not there and DRIVER.exists():
        print("warning: a GPU's driver is there, but torch sees no GPU: CPU", file=sys.stderr)
    if wanted.device == "cpu" or not there:
        yield Device("cpu", wanted.precision == "bfloat16", wanted.compile)
        return
    names = [
        str(torch.cuda.get_device_properties(i).uuid) for i in range(torch.cuda.device_count())
    ]
    with turn_on(names, wanted.jobs_per_gpu) as index:
        torch.cuda.set_device(index)
        # Batches all have the same shape, so that trying the algorithms of a convolution pays.
        torch.backends.cudnn.benchmark = True
        bfloat16 = wanted.precision != "float32"
        # By default "float32" convolutions round to TF32, ten bits.
        torch.backends.cudnn.allow_tf32 = bfloat16
        yield Device(f"cuda:{index}", bfloat16, wanted.compile)


@contextlib.contextmanager
def turn_on(names: list[str], places: int, folder: Path | None = None) -> Iterator[int]:
    """Index of one of these GPUs with a free place, which is this process's until the end.

    The places are files of the operating system's temporary folder that a process locks; the lock
    ends with the process, however it ends. Snakemake itself hands out no GPU, and counts them only
    where `--resources gpu=...` says how many there are.
    """
    folder = Path(folder or tempfile.gettempdir()) / f"sparsestep-gpu-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    waits = False
    while True:
        # A second job on a GPU only where every GPU has one.
        for place in range(places):
            for index, name in enumerate(names):
                handle = os.open(folder / f"{name}.{place}", os.O_RDWR | os.O_CREAT, 0o600)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    os.close(handle)
                    continue
                try:
                    yield index
                    return
                finally:
                    os.close(handle)
        if not waits:
            print("waits for a free GPU", file=sys.stderr, flush=True)
            waits = True
        time.sleep(1)
