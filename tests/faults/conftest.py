"""The undisturbed run that all others must equal."""

import os
import time
from typing import NamedTuple

import pytest

from faults.everything import artefacts, everything, order_of_jobs
from workflow.runner import Workflow


class Reference(NamedTuple):
    """A finished workflow, not to be changed; how long it took, and Snakemake's start alone."""

    workflow: Workflow
    seconds: float
    seconds_to_start: float
    files: dict[str, bytes]
    jobs: list[str]


@pytest.fixture(scope="session", autouse=True)
def _with_bytecode():
    """As users have it: what is damaged here must be written first."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(scope="session")
def reference(tmp_path_factory) -> Reference:
    """Every stage, on two cores, kernels compiled anew."""
    workflow = Workflow.create(tmp_path_factory.mktemp("faults") / "reference", everything())
    begin = time.monotonic()
    output = workflow.run("--cores", "2")
    end = time.monotonic()
    assert workflow.planned() == {}
    start = time.monotonic() - end
    files = artefacts(workflow)
    assert len(files) > 25
    return Reference(workflow, end - begin, start, files, order_of_jobs(output))
