"""Frame of every stage's command: arguments, code check, errors."""

import argparse
import contextlib
import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TextIO

from sparsestep.artifacts import fingerprint
from sparsestep.errors import SparsestepError
from sparsestep.runtime.locking import counted_as_working
from sparsestep.runtime.orphans import end_with_parent


def run(stage: str, work: Callable[[argparse.Namespace], None], *paths: str) -> None:
    """Parse the command line of `stage`, check its code, call `work`, report errors in one line.

    Beside `--spec` (JSON), `--code` (fingerprint) and `--threads`, the command takes the options
    named in `paths`; a name that ends in "s" takes any number of paths. `@file` stands for the
    lines of a file, an argument each. `work` gets the parsed arguments with `spec` as a dict.
    """
    prog = f"python -m sparsestep.stages.{stage}"
    parser = argparse.ArgumentParser(prog=prog, fromfile_prefix_chars="@")
    parser.add_argument("--spec", required=True, type=json.loads, help="JSON; see plan/jobs.py")
    parser.add_argument("--code", required=True, help="fingerprint of the code to run")
    parser.add_argument("--threads", type=int, default=1, help="replicates at a time")
    for path in paths:
        several = "*" if path.endswith("s") else None
        parser.add_argument(f"--{path}", required=True, nargs=several, metavar="PATH")
    arguments = parser.parse_args()
    end_with_parent()
    sys.stderr = _Log(sys.stderr)
    try:
        _check_code(stage, arguments)
        with counted_as_working(Path(".snakemake")):
            work(arguments)
    except SparsestepError as error:
        _fail(f"sparsestep {stage}: {error}")
    except RuntimeError as error:
        # By name: torch is slow to import, and most jobs do without it.
        if type(error).__name__ != "OutOfMemoryError":
            raise
        _fail(
            f"sparsestep {stage}: not enough memory on the GPU; a smaller problem.batch_size, or "
            f"compute.jobs_per_gpu: 1 ({str(error).partition(chr(10))[0]})"
        )
    except OSError as error:
        # Artefacts are written with their own message; this is a cache of kernels or the like.
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        _fail(f"sparsestep {stage}: {error.filename or 'a file'}: {error.strerror}")
    except MemoryError as error:
        _fail(f"sparsestep {stage}: not enough memory: {error}")


class _Log:
    """Standard error, a file on a disk that may be full: then progress is not reported.

    The job goes on, and ends with the name of the artefact that it cannot write, or with success.
    """

    def __init__(self, stream: TextIO):
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self.stream.flush()


def _fail(message: str) -> NoReturn:
    """End with a line in the log, or, where the disk that the log is on is full, on the screen."""
    log = sys.stderr.stream
    try:
        print(message, file=log, flush=True)
        _wait_for_disk(log.fileno())
    except OSError:
        # Snakemake hands its own standard output on to the jobs.
        print(message, flush=True)
        # What is left in the buffer cannot be written at exit either.
        os._exit(1)
    sys.exit(1)


def _wait_for_disk(descriptor: int) -> None:
    """Wait until a log is on its disk: some file systems say only now that they are full."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EROFS):
            raise


def problem_of(spec: dict) -> dict:
    """The part of a later stage's spec that its problem was generated from."""
    return {key: spec[key] for key in ("problem", "model", "iterations", "replicates")}


def _check_code(stage: str, arguments: argparse.Namespace) -> None:
    # The plan was made when Snakemake started; a source edited since would be recorded as if it
    # had been the one planned with.
    current = fingerprint.stage_code(stage, arguments.spec)
    if current != arguments.code:
        raise SparsestepError(
            f"the sources changed while the workflow ran (planned {arguments.code}, now "
            f"{current}); start the same command again"
        )
