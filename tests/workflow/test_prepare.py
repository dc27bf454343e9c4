"""The rule that prepares data sets, which nothing asks for by default."""

from sparsestep.artifacts import read_dataset
from sparsestep.plan import Plan
from workflow.runner import Workflow


def test_digits_are_prepared_once(tiny, tmp_path):
    workflow = Workflow.create(tmp_path / "workflow", tiny)
    path = Plan(tiny).dataset_path("digits")
    workflow.run("--cores", "1", path)
    assert len(read_dataset(workflow.folder / path).x_train) == 1442
    assert "Nothing to be done" in workflow.run("--cores", "1", path)
    assert not list((workflow.folder / "results").rglob("*.tmp"))
