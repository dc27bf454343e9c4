"""Killed in the middle, in two folders at once, on any number of cores: the same bytes."""

import time

import psutil
import pytest

from conftest import TINY
from workflow.runner import ARTEFACTS, Workflow, kill_everything


@pytest.fixture
def slow(tiny, finished, tmp_path):
    """A workflow whose training takes seconds, so that it can be hit; kernels compiled."""
    workflow = finished.copy(tmp_path / "slow")
    experiment = tiny["experiments"]["first"]
    experiment["iterations"] = 400_000
    experiment["replicates"] = 16
    experiment["problem"] |= {"dimension": 400, "n_train": 40}
    workflow.write_config(tiny)
    return workflow


def wait_for_training(process):
    """Until a train job of this Snakemake has run for a while."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for child in process.children(recursive=True):
            try:
                command = child.cmdline()
            except psutil.Error:
                continue
            if command[1:3] == ["-m", "sparsestep.stages.train"]:
                time.sleep(1.0)
                return
        time.sleep(0.05)
    raise AssertionError("no training job started")


def start(workflow):
    started = workflow.start("--cores", "2")
    return started, psutil.Process(started.pid)


def test_kill_in_the_middle_of_training_then_the_same_command(slow, tmp_path):
    undisturbed = slow.copy(tmp_path / "undisturbed")
    undisturbed.run("--cores", "2")

    started, process = start(slow)
    wait_for_training(process)
    kill_everything(started)
    made, all_of_them = (set(w.contents("runs/first/*/*/*")) for w in (slow, undisturbed))
    assert made < all_of_them, "the kill came too late"

    slow.run("--cores", "2")
    expected = undisturbed.contents(*ARTEFACTS)
    assert len(expected) > 10
    assert slow.contents(*ARTEFACTS) == expected
    assert not list((slow.folder / "results").rglob("*.tmp"))
    assert slow.planned() == {}


def test_a_second_snakemake_in_the_same_folder_is_told_so(slow):
    started, process = start(slow)
    try:
        wait_for_training(process)
        second = slow.snakemake("--cores", "1")
        assert second.returncode != 0
        assert "Directory cannot be locked" in second.stdout
    finally:
        kill_everything(started)


def test_same_bytes_whatever_the_cores(finished, tmp_path):
    # `finished` was computed on two cores; here kernels are compiled anew.
    other = Workflow.create(tmp_path / "other", finished.config)
    other.run("--cores", "1")
    assert other.contents(*ARTEFACTS) == finished.contents(*ARTEFACTS)


def test_tiny_config_is_not_changed_by_the_tests():
    assert TINY["experiments"]["first"]["replicates"] == 3
