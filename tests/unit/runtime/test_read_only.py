"""A folder that cannot be written: records are read, and no job starts."""

import asyncio
from types import SimpleNamespace

import pytest
import snakemake.api
import snakemake.workflow
from snakemake.exceptions import WorkflowError
from snakemake.jobs import Job

from sparsestep.runtime import read_only


def refuse():
    raise WorkflowError("results cannot be written")


def nobody():
    return None


@pytest.fixture
def state(tmp_path, monkeypatch):
    """Snakemake's own folder with a record; as seen by somebody who may not write."""
    for owner, name in ((snakemake.workflow, "FilePersistence"), (Job, "check_protected_output")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    state = tmp_path / ".snakemake"
    (state / "metadata").mkdir(parents=True)
    (state / "metadata" / "bWFkZQ==").write_text('{"rule": "train_run"}')
    monkeypatch.setattr(read_only.os, "access", lambda path, mode: False)
    return state


def persistence(outputs=()):
    jobs = [SimpleNamespace(output=outputs, input=())]
    workflow = SimpleNamespace(dag_settings=SimpleNamespace(max_checksum_file_size=0))
    dag = SimpleNamespace(needrun_jobs=lambda: jobs, jobs=jobs, workflow=workflow)
    return snakemake.workflow.FilePersistence(nolock=False, dag=dag, path=None)


def test_records_are_read_and_nothing_is_written(state, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    view = tmp_path.parent / f"{tmp_path.name}-view"
    read_only.look_through(view, state, nobody)
    seen = persistence()
    assert (seen.path / "metadata" / "bWFkZQ==").read_text() == '{"rule": "train_run"}'
    with seen.lock():
        assert sorted(tmp_path.rglob("*")) == before


def test_no_job_starts(state, tmp_path):
    read_only.look_through(tmp_path / "view", state, nobody)
    with pytest.raises(
        WorkflowError, match=r"no job can be started: .*snakemake cannot be written"
    ):
        persistence(["made"]).lock().__enter__()
    with pytest.raises(WorkflowError, match="cannot be written"):
        persistence().cleanup_locks()


def test_why_results_cannot_be_written_is_told_first(state, tmp_path):
    read_only.look_through(tmp_path / "view", state, refuse)
    with pytest.raises(WorkflowError, match=r"^results cannot be written$"):
        persistence(["made"]).lock().__enter__()


def test_what_cannot_be_replaced_is_planned(state, tmp_path, monkeypatch):
    monkeypatch.setattr(read_only.os, "access", lambda path, mode: True)
    before = Job.check_protected_output
    read_only.look_through(tmp_path / "view", state, nobody)
    assert Job.check_protected_output is before
    read_only.look_through(tmp_path / "view", state, refuse)
    assert asyncio.run(Job.check_protected_output(None)) is None


def test_a_folder_that_can_be_written_is_left_alone(state, tmp_path, monkeypatch):
    monkeypatch.setattr(read_only.os, "access", lambda path, mode: True)
    before = snakemake.workflow.FilePersistence
    read_only.look_through(tmp_path / "view", state, nobody)
    assert snakemake.workflow.FilePersistence is before
    assert not (tmp_path / "view").exists()
