"""Who may delete a lock that Snakemake left behind, and who may look for one."""

import errno
import os
import subprocess
import sys
import time
from threading import Timer

import pytest

from sparsestep.errors import ConfigError
from sparsestep.runtime import locking

ENTER = """
import sys
from pathlib import Path
from sparsestep.runtime.locking import release_stale_lock
release_stale_lock(Path(sys.argv[1]), main=sys.argv[2] == "main")
print("entered", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def state(tmp_path):
    """Snakemake's folder with a lock in it."""
    (tmp_path / "locks").mkdir()
    lock(tmp_path).touch()
    return tmp_path


def lock(state):
    return state / "locks" / "0.output.lock"


def let_go(handles):
    for handle in handles:
        os.close(handle)


START = """
import sys
from pathlib import Path
from sparsestep.runtime.locking import start_one_by_one, started
start_one_by_one(Path(sys.argv[1]))
if sys.argv[2] == "has its lock":
    started()
print("entered", flush=True)
sys.stdin.read()
"""


class Process:
    """A process that has done what `code` says and works until the end of the block."""

    def __init__(self, state, role, code=ENTER):
        self.command = [sys.executable, "-c", code, str(state), role]

    def __enter__(self):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(self.command, **pipes)
        assert self.process.stdout.readline() == b"entered\n"

    def __exit__(self, *error):
        self.process.communicate()


def test_who_is_alone_deletes_it(state):
    with Process(state, "main"):
        assert not lock(state).exists()


def test_a_job_never_deletes_it(state):
    with Process(state, "job"):
        assert lock(state).exists()


@pytest.mark.parametrize("other", ["main", "job"])
def test_nobody_deletes_it_while_others_work(state, other, monkeypatch, capsys):
    monkeypatch.setattr(locking, "_held", held := {})
    monkeypatch.setattr(locking, "PATIENCE", 0.05)
    waited = []
    monkeypatch.setattr(locking.time, "sleep", waited.append)
    with Process(state, other):
        lock(state).touch()
        locking.release_stale_lock(state)
        let_go(held.pop(state))
        assert lock(state).exists()
    # Beside a Snakemake that works, one neither waits nor speaks of one that was killed.
    said = capsys.readouterr().err
    assert (bool(waited), "end them" in said, said == "") == (
        (True, True, False) if other == "job" else (False, False, True)
    )


def test_a_job_that_works_is_not_alone(state):
    with locking.counted_as_working(state):
        with pytest.raises(ConfigError, match="snakemake is running in this folder"):
            locking.alone(state).__enter__()
        # Other jobs work beside it.
        with locking.counted_as_working(state):
            pass
    with locking.alone(state):
        assert lock(state).exists()
    # In a folder where nobody has ever worked there is no such lock, and nothing to wait for.
    with locking.counted_as_working(state / "not there"), locking.alone(state / "not there"):
        assert not (state / "not there").exists()


def test_jobs_that_a_killed_snakemake_left_are_waited_for(state, monkeypatch, capsys):
    monkeypatch.setattr(locking, "_held", held := {})
    monkeypatch.setattr(locking, "PATIENCE", 0.3)
    with Process(state, "job"):
        locking.release_stale_lock(state)
        let_go(held.pop(state))
        assert lock(state).exists()
    assert "end them (on a cluster: cancel them); then start the same" in capsys.readouterr().err
    monkeypatch.setattr(locking, "PATIENCE", 60.0)
    job = Process(state, "job")
    job.__enter__()
    Timer(0.5, job.__exit__).start()
    locking.release_stale_lock(state)
    let_go(held.pop(state))
    assert not lock(state).exists()
    assert capsys.readouterr().err == ""


def test_who_starts_waits_until_another_one_has_its_lock(state, monkeypatch, capsys):
    with Process(state, "has its lock", START):
        begin = time.monotonic()
        locking.start_one_by_one(state)
        locking.started()
        assert time.monotonic() - begin < 1
    assert capsys.readouterr().err == ""
    other = Process(state, "is starting", START)
    other.__enter__()
    with monkeypatch.context() as patch:
        patch.setattr(locking, "PATIENCE_AT_START", 0.2)
        begin = time.monotonic()
        locking.start_one_by_one(state)
        assert 0.2 < time.monotonic() - begin < 1
        locking.started()
    Timer(2.5, other.__exit__).start()
    begin = time.monotonic()
    locking.start_one_by_one(state)
    assert time.monotonic() - begin > 2
    assert "waiting, a minute at most, for another Snakemake" in capsys.readouterr().err
    # The same program once more: it does not wait for itself.
    begin = time.monotonic()
    locking.start_one_by_one(state)
    assert time.monotonic() - begin < 1
    locking.started()


def test_a_file_system_without_locks_holds_nobody_up(state, monkeypatch):
    def unsupported(handle, operation):
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(locking.fcntl, "flock", unsupported)
    begin = time.monotonic()
    locking.start_one_by_one(state)
    locking.started()
    assert time.monotonic() - begin < 1


def test_one_that_ran_on_another_machine_is_left(state, monkeypatch):
    with Process(state, "main"):
        lock(state).touch()
    monkeypatch.setattr(locking.socket, "gethostname", lambda: "elsewhere")
    monkeypatch.setattr(locking, "_held", held := {})
    locking.release_stale_lock(state)
    assert lock(state).exists()
    let_go(held.pop(state))
    # The user typed `snakemake --unlock`: from now on this machine's locks are known to be its own.
    lock(state).unlink()
    locking.release_stale_lock(state)
    let_go(held.pop(state))
    lock(state).touch()
    locking.release_stale_lock(state)
    assert not lock(state).exists()
    let_go(held.pop(state))
