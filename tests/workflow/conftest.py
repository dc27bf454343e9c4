"""A tiny workflow that has run to its end, for tests to copy and edit."""

import copy

import pytest

from conftest import TINY
from workflow.runner import Workflow


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Workflow:
    """Two experiments, three figures, everything computed. Do not change: `edited` is a copy."""
    config = copy.deepcopy(TINY)
    first = config["experiments"]["first"]
    second = copy.deepcopy(first)
    second["problem"]["data_seed"] = 7
    # Full batches, so that more replicates add a batch and leave this one as it is.
    first["replicates"] = 16
    config["experiments"]["second"] = second
    config["figures"]["other"] = {**config["figures"]["curves"], "experiment": "second"}
    workflow = Workflow.create(tmp_path_factory.mktemp("workflow") / "finished", config)
    workflow.run("--cores", "2")
    return workflow


@pytest.fixture
def edited(finished, tmp_path) -> Workflow:
    """A copy of `finished` for a test to edit."""
    return finished.copy(tmp_path / "edited")
