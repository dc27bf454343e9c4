"""Interrupted anywhere and started again: the same trajectory, bit for bit."""

import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from image_training import SOTA, make_images, make_spec
from resumable import keeper_in, long_spec

from conftest import ROOT
from sparsestep.images.training import loop as training
from sparsestep.images.training import resume
from sparsestep.images.training.devices import Device
from sparsestep.images.training.resume import Folder

KILLS = 10


def arrays_of(trajectory):
    fields = {f.name: getattr(trajectory, f.name) for f in dataclasses.fields(trajectory)}
    return {name: x for name, x in fields.items() if isinstance(x, np.ndarray)}


def assert_equal(one, other):
    one, other = arrays_of(one), arrays_of(other)
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


class Stopped(Exception):
    pass


def stop_at(monkeypatch, iteration):
    """Training raises before the update of this iteration."""
    update = training.Run.update
    done = []

    def counted(self, images, epoch, batch, step_size):
        if len(done) == iteration:
            raise Stopped
        done.append(batch)
        return update(self, images, epoch, batch, step_size)

    monkeypatch.setattr(training.Run, "update", counted)


@pytest.mark.parametrize("options", [{}, SOTA], ids=["basic", "sota"])
@pytest.mark.parametrize("iteration", [1, 3, 7, 8, 11])
def test_stopped_before_any_update(tmp_path, monkeypatch, iteration, options):
    images, spec = make_images(), make_spec(batch_size=6, **options)
    whole = training.train(images, spec)
    with monkeypatch.context() as patch:
        stop_at(patch, iteration)
        with pytest.raises(Stopped):
            training.train(images, spec, keeper=keeper_in(tmp_path / "r", spec))
    resumed = training.train(images, spec, keeper=keeper_in(tmp_path / "r", spec))
    assert_equal(resumed, whole)


@pytest.mark.parametrize("iteration", [2, 3, 5])
def test_stopped_after_a_divergence_that_nobody_has_seen(tmp_path, monkeypatch, iteration):
    images, spec = make_images(), make_spec(iterations=40, step_size=1e30)
    whole = training.train(images, spec)
    assert 0 < whole.diverged_at[0] < iteration
    with monkeypatch.context() as patch:
        # Nothing is looked at before the end of the epoch.
        patch.setattr(training, "_first_divergence", lambda *arguments: -1)
        stop_at(patch, iteration)
        with pytest.raises(Stopped):
            training.train(images, spec, keeper=keeper_in(tmp_path / "r", spec))
    resumed = training.train(images, spec, keeper=keeper_in(tmp_path / "r", spec))
    assert_equal(resumed, whole)


@pytest.mark.parametrize("step_size", [0.05, 1e30])
def test_what_is_trained_is_not_trained_again(tmp_path, monkeypatch, step_size):
    # Also where it diverged: the job's other replicates may be interrupted.
    images, spec = make_images(), make_spec(step_size=step_size)
    keeper = Folder(tmp_path / "r", spec, "c0de", "cpu float32", minutes=10)
    whole = training.train(images, spec, keeper=keeper)
    assert (whole.diverged_at[0] >= 0) == (step_size > 1)
    stop_at(monkeypatch, 0)
    assert_equal(training.train(images, spec, keeper=keeper_in(tmp_path / "r", spec)), whole)


def test_a_checkpoint_every_so_many_minutes(tmp_path, monkeypatch):
    images, spec = make_images(), make_spec(iterations=12)
    now, written = [0.0], []

    def tick():
        now[0] += 60.0
        return now[0]

    monkeypatch.setattr(resume.time, "monotonic", tick)
    write = resume.write_arrays

    def counted(path, content, arrays, source):
        if content == "checkpoint":
            written.append(int(arrays["iteration"][0]))
        write(path, content, arrays, source)

    monkeypatch.setattr(resume, "write_arrays", counted)
    keeper = Folder(tmp_path / "r", spec, "c0de", "cpu float32", minutes=3)
    training.train(images, spec, keeper=keeper)
    # A minute passes whenever the clock is read: once an update, twice with a checkpoint. The last
    # one is for jobs that train others afterwards.
    assert written == [2, 5, 8, 11, 12]


@pytest.fixture(scope="module")
def forks():
    """Start a training in a process of its own: `forks(folder, target)`, then `wait`."""
    folders = ("src", "tests", "tests/support")
    path = os.pathsep.join(str(ROOT / folder) for folder in folders)
    with subprocess.Popen(
        [sys.executable, "-m", "resumable"],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as server:
        yield Forks(server)
        server.stdin.close()


class Forks:
    """One training at a time."""

    def __init__(self, server):
        self.server = server

    def start(self, folder, target):
        """Its process id."""
        self.server.stdin.write(json.dumps([str(folder), str(target)]) + "\n")
        return int(self.server.stdout.readline())

    def wait(self):
        """Its exit code."""
        return int(self.server.stdout.readline())


def test_killed_at_random_moments(tmp_path, forks):
    whole = training.train(make_images(), long_spec())
    folder, target = tmp_path / "r", tmp_path / "arrays.npz"
    moments = random.Random()
    for _ in range(KILLS):
        before = checkpoint_time(folder)
        process = forks.start(folder, target)
        wait_for_a_checkpoint(folder, before)
        # Somewhere in the next few of 150 updates, with a checkpoint before each.
        time.sleep(moments.uniform(0, 0.05))
        os.kill(process, signal.SIGKILL)
        assert forks.wait() == -signal.SIGKILL
    assert not target.exists()
    forks.start(folder, target)
    assert forks.wait() == 0
    with np.load(target) as found:
        np.testing.assert_array_equal(found["parameters"], whole.parameters)
        np.testing.assert_array_equal(found["batch_loss"], whole.batch_loss)


def checkpoint_time(folder):
    path = folder / "checkpoint.safetensors"
    return path.stat().st_mtime_ns if path.exists() else None


def wait_for_a_checkpoint(folder, before=None):
    deadline = time.monotonic() + 60
    while checkpoint_time(folder) == before:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_sigterm_leaves_a_checkpoint(tmp_path, forks):
    folder, target = tmp_path / "r", tmp_path / "arrays.npz"
    process = forks.start(folder, target)
    wait_for_a_checkpoint(folder)
    os.kill(process, signal.SIGTERM)
    assert forks.wait() == 128 + signal.SIGTERM
    assert not target.exists()
    forks.start(folder, target)
    assert forks.wait() == 0
    with np.load(target) as found:
        whole = training.train(make_images(), long_spec())
        np.testing.assert_array_equal(found["parameters"], whole.parameters)


def test_a_signal_between_two_replicates_is_not_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(Folder, "_signal", 0)
    before = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    images, spec = make_images(), make_spec()
    try:
        keeper_in(tmp_path / "0", spec).end_on_signals()
        os.kill(os.getpid(), signal.SIGTERM)
        second = keeper_in(tmp_path / "1", spec)
        second.end_on_signals()
        with pytest.raises(SystemExit) as ended:
            training.train(images, spec, keeper=second)
    finally:
        for number, handler in before:
            signal.signal(number, handler)
    assert ended.value.code == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"code": "other"}, "was left by a run with another code"),
        ({"made_by": "cuda bfloat16"}, "was left by a run with another made_by"),
        ({"spec": {}}, "was left by a run with another spec"),
        ({"torch": "0.1"}, "was left by a run with another torch"),
        ({"torn": True}, "truncated or not a safetensors file"),
    ],
)
def test_what_belongs_to_another_run_is_not_used(tmp_path, capsys, monkeypatch, change, says):
    images, spec = make_images(), make_spec(batch_size=6)
    training.train(images, spec, keeper=keeper_in(tmp_path / "r", spec))
    left = tmp_path / "r" / "checkpoint.safetensors"
    assert left.exists()
    if "torn" in change:
        left.write_bytes(left.read_bytes()[:100])
        change = {}
    capsys.readouterr()
    changed = {"spec": spec, **change}
    monkeypatch.setattr(torch, "__version__", changed.pop("torch", torch.__version__))
    again = keeper_in(tmp_path / "r", **changed)
    other = training.train(images, spec, keeper=again)
    assert says in capsys.readouterr().err
    assert_equal(other, training.train(images, spec))


def test_a_snapshot_that_is_gone_is_made_again(tmp_path, capsys):
    images, spec = make_images(), make_spec(batch_size=6)
    keeper = keeper_in(tmp_path / "r", spec)
    training.train(images, spec, keeper=keeper)
    (tmp_path / "r" / "snapshot-4.safetensors").unlink()
    again = training.train(images, spec, keeper=keeper_in(tmp_path / "r", spec))
    assert_equal(again, training.train(images, spec))


def test_compute_is_described():
    assert Device().description == "cpu float32"
    assert Device("cuda:1", bfloat16=True, compile=True).description == "cuda bfloat16 compiled"
