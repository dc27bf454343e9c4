"""A table of a user's own: what its content decides, and what its place does not."""

import copy
import os
import shutil

import pandas as pd
import pytest

from conftest import TINY
from workflow.runner import Workflow

ROWS = "".join(f"{at % 7},{at * 0.5},{at % 3},{at % 5}\n" for at in range(20))
PATH = ("experiments", "mine", "problem", "path")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """An experiment on data.csv that has run to its end. Do not change: `own` is a copy."""
    mine = copy.deepcopy(TINY["experiments"]["first"])
    mine["problem"] = {"kind": "table", "path": "data.csv", "target": "y", "task": "regression"}
    mine["problem"] |= {"test": {"share": 0.3}, "order_seed": 0}
    mine |= {"measure": {"losses": None}, "claims": {}, "replicates": 2}
    workflow = Workflow.create(
        tmp_path_factory.mktemp("own") / "workflow", {"experiments": {"mine": mine}}
    )
    (workflow.folder / "data.csv").write_text("a,b,c,y\n" + ROWS)
    workflow.run("--cores", "2")
    return workflow


@pytest.fixture
def own(trained, tmp_path):
    return trained.copy(tmp_path / "own")


def test_nothing_is_left_to_do(own):
    assert own.planned() == {}
    table = pd.read_csv(own.folder / "results" / "summary.csv")
    assert {"train_loss", "test_loss"} <= set(table["metric"])


def test_a_touched_file_trains_nothing(own):
    (own.folder / "data.csv").touch()
    assert own.planned() == {}
    os.utime(own.folder / "data.csv", (4e9, 4e9))
    assert own.planned() == {}


def test_a_moved_and_renamed_file_trains_nothing(own):
    (own.folder / "elsewhere").mkdir()
    (own.folder / "data.csv").rename(own.folder / "elsewhere" / "mine.csv")
    own.change(*PATH, "elsewhere/mine.csv")
    assert own.planned() == {}


def test_an_edited_cell_trains_again_and_the_old_one_not(own):
    file = own.folder / "data.csv"
    before = file.stat()
    kept = file.read_text()
    # As long as before, and with its time.
    file.write_text(kept.replace("3,1.5,0,3", "3,1.5,0,4"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    planned = own.planned()
    assert {planned[rule] for rule in ("generate_problem", "write_report")} == {1}
    assert planned["train_run"] == planned["measure_run"] == 2
    own.run("--cores", "2")
    assert own.planned() == {}
    file.write_text(kept)
    assert not {"generate_problem", "train_run", "measure_run"} & set(own.planned())


def test_what_is_known_of_the_file_may_be_lost_or_damaged(own):
    folder = own.folder / ".snakemake" / "sparsestep" / "tables"
    kept = list(folder.iterdir())
    assert kept
    for path in kept:
        path.write_bytes(path.read_bytes()[:-2])
    assert own.planned() == {}
    shutil.rmtree(folder)
    assert own.planned() == {}


def test_a_file_that_is_gone_or_wrong_is_one_line_before_the_first_job(own):
    own.change(*PATH, "gone.csv")
    line = "experiments.mine.problem.path: got 'gone.csv'; there is no such file, seen from "
    assert line in own.snakemake().stdout
    own.change(*PATH, "data.csv")
    (own.folder / "data.csv").write_text("a,b,c,y\n" + ROWS.replace("3,1.5,0,3", "3,1.5,,3"))
    told = own.snakemake().stdout
    assert (
        "experiments.mine.problem.path: data.csv, column 'c', row 4: missing value"
        in told.splitlines()
    )
    assert "generate_problem" not in told
