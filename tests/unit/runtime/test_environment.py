"""Environment of jobs: these sources and this Python first, or a line that says why not."""

import os
from pathlib import Path

import pytest

from sparsestep.errors import ConfigError
from sparsestep.runtime.environment import put_first, set_for_jobs


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("PYTHONPATH", "PATH", "PYTHONSAFEPATH"):
        monkeypatch.setenv(name, "before")


def test_these_sources_come_first():
    for _ in range(2):
        set_for_jobs(Path("/the/sources of mine/src"))
    assert os.environ["PYTHONPATH"] == f"/the/sources of mine/src{os.pathsep}before"


def test_a_folder_that_a_path_cannot_hold():
    folder = f"/a{os.pathsep}b/src"
    with pytest.raises(ConfigError, match="PYTHONPATH cannot hold a folder with ':' in its name"):
        set_for_jobs(Path(folder))
    assert os.environ["PYTHONPATH"] == "before"


@pytest.mark.parametrize(
    ("before", "after"), [(None, "/a"), ("", "/a"), (":/b::/a:", "/a:/b")], ids=repr
)
def test_the_working_directory_is_not_put_on_a_path(monkeypatch, before, after):
    # An empty entry would mean it.
    if before is None:
        monkeypatch.delenv("PYTHONPATH")
    else:
        monkeypatch.setenv("PYTHONPATH", before)
    put_first("PYTHONPATH", "/a")
    assert os.environ["PYTHONPATH"] == after
