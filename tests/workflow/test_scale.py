"""More runs than fit into a command's arguments."""

import copy

import pandas as pd
import pytest

from conftest import TINY
from sparsestep.artifacts import files, tables
from sparsestep.plan import Plan
from workflow.runner import Workflow

RUNS = 4000


@pytest.fixture
def many(tmp_path, monkeypatch):
    """A workflow with thousands of measurement tables, whose training loss is the run's number."""
    config = copy.deepcopy(TINY)
    first = config["experiments"]["first"]
    first |= {"replicates": 1, "measure": {"losses": None}, "claims": {}}
    schedules = ({"kind": "constant", "step_size": 0.01 + 1e-6 * run} for run in range(RUNS))
    first["runs"] = {f"run-{run}": {"schedule": of} for run, of in enumerate(schedules)}
    config["figures"] = {}
    workflow, plan = Workflow.create(tmp_path / "workflow", config), Plan(config)
    # Waiting for the disk thousands of times would take most of the test's time.
    monkeypatch.setattr("os.fsync", lambda file: None)
    columns = {"replicate": [0], "iteration": [59], "diverged_at": [-1]}
    for number, run in enumerate(first["runs"]):
        table = pd.DataFrame({**columns, "train_loss": float(number)})
        source = files.provenance(plan.experiments.measured("first", run, "0-0"), "")
        path = workflow.folder / plan.experiments.measurement_path("first", run, "0-0")
        tables.write_table(path, table, source)
    return workflow


def test_end_values_of_thousands_of_runs(many):
    # Linux takes 128 KiB as one argument.
    assert len(Plan(many.config).jobs.spec("summary")(None)) > 2**17
    many.run("--cores", "1", "results/summary.csv", "--allowed-rules", "summarise_measurements")
    summary = pd.read_csv(many.folder / "results" / "summary.csv")
    losses = summary[summary["metric"] == "train_loss"]
    assert list(losses["value"]) == list(range(RUNS))
    assert not list((many.folder / ".snakemake").glob("shell_tmp.*"))
