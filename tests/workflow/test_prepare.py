"""The rule that prepares data sets, which nothing asks for by default."""

import json
import os
import subprocess
import sys

import archives

from conftest import ROOT
from sparsestep.artifacts.arrays import read_dataset
from sparsestep.artifacts.fingerprint import stage_code
from sparsestep.plan import datasets
from workflow.runner import Workflow


def test_digits_are_prepared_once(tiny, tmp_path):
    workflow = Workflow.create(tmp_path / "workflow", tiny)
    path = datasets.path("digits")
    workflow.run("--cores", "1", path)
    assert len(read_dataset(workflow.folder / path).x_train) == 1442
    assert "Nothing to be done" in workflow.run("--cores", "1", path)
    assert not list((workflow.folder / "results").rglob("*.tmp"))


def test_a_folder_of_the_user_s_own(tmp_path):
    archive = tmp_path / "mine" / "cifar-10-binary.tar.gz"
    archive.parent.mkdir()
    archives.write_tar(archive, archives.cifar10()[0])
    spec = datasets.spec("cifar10")
    command = [sys.executable, "-m", "sparsestep.stages.prepare", "--output", str(tmp_path / "out")]
    options = ["--spec", json.dumps(spec), "--code", stage_code("prepare", spec)]
    for data_dir, says in (
        (tmp_path / "mine", f"{archive}: has the md5 "),
        (tmp_path / "mien", f"compute.data_dir: got '{tmp_path}/mien'; must be a folder that is"),
    ):
        environment = {**os.environ, "SPARSESTEP_COMPUTE": json.dumps({"data_dir": str(data_dir)})}
        done = subprocess.run(
            [*command, *options],
            env={**environment, "PYTHONPATH": str(ROOT / "src")},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        # The archive that is there was found, and nothing was made where there is none.
        assert says in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine"]
