"""Snakemake's side of a Slurm that is away for a while; `slurm.py` is the other one."""

import atexit
import contextlib
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from sparsestep.runtime.environment import put_first

# A named pipe: what stands before Slurm's commands is started by the executor plugin, which keeps
# their output to itself.
VARIABLE = "SPARSESTEP_SAID"
# The same line is printed again after so many seconds.
_PAUSE = 600.0

_listening: list[threading.Thread] = []


def expect_outages(commands: Path, main: bool) -> None:
    """Let `commands`, a folder, stand before Slurm's on the PATH; if main, print what they say.

    Does nothing where there is no Slurm.
    """
    if shutil.which("srun") is None:
        return
    put_first("PATH", str(commands))
    if main and not _listening:
        # Where nothing temporary can be written it goes on without a word.
        with contextlib.suppress(OSError):
            _listening.append(_listen())


def _listen() -> threading.Thread:
    folder = tempfile.mkdtemp(prefix="sparsestep-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    pipe = os.path.join(folder, "said")
    os.mkfifo(pipe)
    # For writing too, so that it does not end with the first who writes.
    handle = os.open(pipe, os.O_RDWR)
    os.environ[VARIABLE] = pipe
    thread = threading.Thread(target=_print_from, args=(handle,), daemon=True)
    thread.start()
    return thread


def _print_from(handle: int) -> None:
    printed: dict[str, float] = {}
    while True:
        for line in os.read(handle, 65536).decode(errors="replace").splitlines():
            now = time.monotonic()
            if now - printed.get(line, -_PAUSE) >= _PAUSE:
                printed[line] = now
                print(line, file=sys.stderr, flush=True)
