"""After a kill, the same command must work again: remove Snakemake's lock where nobody holds it.

Snakemake leaves its lock files behind when it is killed and then asks the user for `--unlock`. Here
every Snakemake that reads this workflow, and every job, also holds a shared lock of the operating
system, which ends with the process, however it ends. Who gets that lock exclusively is alone, so
that lock files which lie there are left over.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

_held: dict[Path, int] = {}


def release_stale_lock(state: Path) -> None:
    """Delete `state`/locks/* if nobody else works in this folder, and be counted as working.

    `state` is Snakemake's own folder, `.snakemake`. Does nothing where that folder does not exist
    yet, or where the file system has no locks; Snakemake then says itself what to do.
    """
    if state in _held:
        return
    handle = _open(state)
    if handle is None:
        return
    # Kept open until this process ends.
    _held[state] = handle
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for lock in (state / "locks").glob("*.lock"):
            lock.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_SH)


@contextlib.contextmanager
def counted_as_working(state: Path) -> Iterator[None]:
    """A job that outlives its killed Snakemake keeps the next one from working beside it."""
    handle = _open(state)
    if handle is not None:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_SH)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _open(state: Path) -> int | None:
    try:
        return os.open(state / "sparsestep.lock", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        return None
