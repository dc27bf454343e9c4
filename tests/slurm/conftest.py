"""A Slurm for the whole suite, and the suite's figures in one row of README's table."""

import copy
import importlib.util
import shutil
import signal
from pathlib import Path

import pytest
from survived import record

from conftest import TINY
from slurm.cluster import Cluster, missing
from workflow.runner import Workflow

FIGURES = pytest.StashKey[list]()


def pytest_configure(config):
    config.stash[FIGURES] = []


def pytest_sessionfinish(session):
    if figures := session.config.stash[FIGURES]:
        record(
            "A cluster: Slurm with two nodes, a GPU each (`make test-slurm`)", "; ".join(figures)
        )


@pytest.fixture(scope="session")
def figure(request):
    """Call it with a phrase for the line at the end."""
    return request.config.stash[FIGURES].append


def require_plugin(name: str) -> None:
    """Skip where an executor plugin is not installed."""
    if importlib.util.find_spec(f"snakemake_executor_plugin_{name.replace('-', '_')}") is None:
        pytest.skip(f"no executor plugin {name}: `make test-slurm` installs it")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """Two nodes that are idle."""
    require_plugin("slurm")
    if reason := missing():
        pytest.skip(reason)
    # Terminated, pytest ends as on Ctrl-C: what was started is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    cluster = Cluster(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def local(tmp_path_factory) -> Workflow:
    """What runs elsewhere is compared with: ten runs, computed without a cluster."""
    config = copy.deepcopy(TINY)
    schedules = {f"step-{n}": {"kind": "constant", "step_size": 0.004 * n} for n in range(1, 9)}
    runs = config["experiments"]["first"]["runs"]
    # More runs than there are looks: a figure of all wants a colour for each.
    runs |= {
        name: {"schedule": schedule, "colour": f"#0000{16 * place:02x}"}
        for place, (name, schedule) in enumerate(schedules.items(), start=1)
    }
    workflow = Workflow.create(tmp_path_factory.mktemp("local") / "workflow", config)
    workflow.run("--cores", "2")
    return workflow


def empty_copy(workflow: Workflow, folder: Path, config: dict) -> Workflow:
    """Nothing computed, but kernels compiled."""
    other = workflow.copy(folder)
    for name in ("results", ".snakemake"):
        shutil.rmtree(other.folder / name)
    other.write_config(config)
    return other
