"""Locks around Snakemake: its own outlives a kill, and two may take it at the same moment.

Snakemake leaves its lock files behind when it is killed and then asks the user for `--unlock`. Here
every Snakemake that reads this workflow, and every job, also holds a shared lock of the operating
system, which ends with the process, however it ends. Who gets that lock exclusively is alone, so
that lock files which lie there are left over; on a cluster, only those of the same machine. Jobs
whose Snakemake was killed end by themselves (`orphans.py`); the next Snakemake waits for that.

Snakemake looks for a lock and writes its own a moment later: of two that were started together,
one in three pairs found none and worked beside each other. So they start one after the other.
"""

import contextlib
import fcntl
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from sparsestep.errors import ConfigError

# How long a new Snakemake waits for the jobs of a killed one.
PATIENCE = 10.0
# How long it waits for another one that is starting, before it goes on nevertheless.
PATIENCE_AT_START = 60.0
_LEFT_BEHIND = (
    "sparsestep: jobs of a Snakemake that was killed are still running in this folder. Wait until "
    "they have ended, or end them (on a cluster: cancel them); then start the same command again."
)

_STARTING = (
    "sparsestep: waiting, a minute at most, for another Snakemake in this folder that has not "
    "started its jobs yet"
)

_held: dict[Path, tuple[int, ...]] = {}
_starting: list[int] = []


def start_one_by_one(state: Path) -> None:
    """Wait until no other main Snakemake is between here and `started`; then be the one.

    The lock is released when the process exits, so that one that fails before its first job
    holds nobody up. With `--no-hooks` nothing calls `started`: the next one waits in vain.
    """
    # A program that runs the workflow twice holds the lock already, and would wait for itself.
    if _starting or (handle := _open(state, "sparsestep.start.lock")) is None:
        return
    begin, said = time.monotonic(), False
    while not _try_exclusive(handle, without_locks=True):
        waited = time.monotonic() - begin
        if waited >= PATIENCE_AT_START:
            break
        if waited > 2 and not said:
            print(_STARTING, file=sys.stderr, flush=True)
            said = True
        time.sleep(0.02)
    _starting.append(handle)


def started() -> None:
    """Snakemake has its lock: let the next one look for it."""
    while _starting:
        os.close(_starting.pop())


def release_stale_lock(state: Path, main: bool = True) -> None:
    """Be counted as working until this process ends; if main and alone, delete `state`/locks/*.

    `state` is Snakemake's own folder, `.snakemake`. A Snakemake that runs a single job of another,
    maybe on another node, is not main: the lock that it finds is that other one's. Does nothing
    where the folder does not exist yet, or where the file system has no locks; Snakemake then says
    itself what to do.
    """
    if state in _held:
        return
    handle, of_main = _open(state, "sparsestep.lock"), None
    if handle is None:
        return
    if main and (of_main := _open(state, "sparsestep.main.lock")) is not None:
        if _wait_until_alone(state, handle, of_main):
            with contextlib.suppress(OSError):
                _delete_locks(state, handle)
        _share(of_main)
    _share(handle)
    # Kept open until this process ends.
    _held[state] = tuple(each for each in (handle, of_main) if each is not None)


def _wait_until_alone(state: Path, handle: int, of_main: int) -> bool:
    """Whether nobody else works here, after the jobs of a killed Snakemake had time to end.

    `of_main` is what only main Snakemakes hold: who gets it knows that the others are jobs.
    """
    if _try_exclusive(handle):
        return True
    if not any((state / "locks").glob("*.lock")) or not _try_exclusive(of_main):
        return False
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        time.sleep(0.1)
        if _try_exclusive(handle):
            return True
    print(_LEFT_BEHIND, file=sys.stderr, flush=True)
    return False


def _try_exclusive(handle: int, without_locks: bool = False) -> bool:
    """Whether this process has it now; `without_locks` where the file system has none."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return without_locks
    return True


def _share(handle: int) -> None:
    # Waits for one that has just found itself alone, or that waits for jobs to end.
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_SH)


def _delete_locks(state: Path, handle: int) -> None:
    """Unless the last Snakemake ran on another machine.

    Some shared file systems keep locks to the machine: that one may still be running.
    """
    locks = list((state / "locks").glob("*.lock"))
    here = socket.gethostname().encode()
    if locks and os.pread(handle, 1000, 0) not in (b"", here):
        return
    for lock in locks:
        lock.unlink(missing_ok=True)
    os.truncate(handle, 0)
    os.pwrite(handle, here, 0)


@contextlib.contextmanager
def counted_as_working(state: Path) -> Iterator[None]:
    """A job that outlives its killed Snakemake keeps the next one from working beside it."""
    handle = _open(state, "sparsestep.lock")
    if handle is not None:
        _share(handle)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


@contextlib.contextmanager
def alone(state: Path) -> Iterator[None]:
    """While this lasts no Snakemake or job works here; raises ConfigError where one does."""
    try:
        handle = os.open(state / "sparsestep.lock", os.O_RDWR)
    except OSError:
        # Nobody has ever worked here.
        yield
        return
    try:
        if not _try_exclusive(handle):
            raise ConfigError("snakemake is running in this folder; wait until it has ended")
        yield
    finally:
        os.close(handle)


def _open(state: Path, name: str) -> int | None:
    try:
        return os.open(state / name, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        return None
