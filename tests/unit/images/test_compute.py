"""What jobs on images find in their environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sparsestep.images import compute
from sparsestep.images.compute import COMPILED, Compute, hand_to_jobs, of_this_job


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    monkeypatch.setenv(compute.VARIABLE, "{}")
    # Set and then unset, so that what a test sets is gone after it.
    monkeypatch.setenv(COMPILED, "")
    monkeypatch.delenv(COMPILED)


def test_jobs_get_what_was_handed_to_them():
    handed = Compute(device="cpu", checkpoint_minutes=3.0)
    hand_to_jobs(handed)
    assert of_this_job() == handed
    assert COMPILED not in os.environ


SHOWN = """
import os
from sparsestep.images.compute import COMPILED, Compute, hand_to_jobs
hand_to_jobs(Compute(compile=True))
assert os.path.isdir(os.environ[COMPILED]) and not os.listdir(os.environ[COMPILED])
open(os.path.join(os.environ[COMPILED], "made"), "w").close()
print(os.environ[COMPILED])
"""


def test_compiled_networks_are_not_those_of_an_earlier_start():
    command = [sys.executable, "-c", SHOWN]
    first, second = (subprocess.check_output(command, text=True).strip() for _ in range(2))
    assert first != second
    assert not Path(first).exists()
    assert not Path(second).exists()


def test_a_folder_that_the_user_names_is_kept(monkeypatch):
    monkeypatch.setenv(COMPILED, "/where/the/user/wants")
    hand_to_jobs(Compute(compile=True))
    assert os.environ[COMPILED] == "/where/the/user/wants"


def test_nowhere_to_put_it(monkeypatch):
    def fail(**_):
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(compute.tempfile, "TemporaryDirectory", fail)
    hand_to_jobs(Compute(compile=True))
    assert COMPILED not in os.environ
