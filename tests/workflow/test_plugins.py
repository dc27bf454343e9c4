"""The example in docs/extending.md: a problem, a model and a measurement, added from outside."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml

from conftest import ROOT
from sparsestep.artifacts.tables import read_table

EXTENDING = (ROOT / "docs" / "extending.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", EXTENDING, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def extended(edited):
    """A finished workflow with the example's modules and registry lines, its config unchanged."""
    for block in blocks("python"):
        comment, text = block.split("\n", maxsplit=1)
        path = edited.folder / comment.removeprefix("# ")
        assert not path.exists(), path
        path.write_text(text)
    (lines,) = blocks("text")
    for line in lines.splitlines():
        table, entry = line.split(maxsplit=1)
        edited.edit("src/sparsestep/registry.py", f"{table} = {{\n", f"{table} = {{\n    {entry}\n")
    return edited


def add_example(workflow):
    (example,) = blocks("yaml")
    added = yaml.safe_load(example)
    config = workflow.config
    for part in ("experiments", "figures"):
        config[part] |= added[part]
    workflow.write_config(config)
    return added["experiments"]["my_line"]


def times(workflow):
    """When each file of the stages up to the figures was written."""
    files = workflow.contents("problems/**/*", "runs/**/*", "figures/*")
    return {name: (workflow.folder / "results" / name).stat().st_mtime_ns for name in files}


def test_a_measurement_that_nobody_can_tell(extended):
    extended.edit("src/sparsestep/registry.py", '"distance": (', '"distanse": (')
    add_example(extended)
    line = (
        "experiments.my_line.measure.distance: measures 'distance', of which registry.METRICS says"
    )
    assert line in extended.snakemake("-n").stdout


def test_modules_and_registry_lines_re_run_nothing(extended):
    assert extended.planned() == {}


def test_an_experiment_of_new_kinds(extended):
    before = times(extended)
    entry = add_example(extended)
    assert extended.planned() == {
        "generate_problem": 1,
        "train_run": 2,
        "measure_run": 2,
        "draw_training_curves": 1,
        "summarise_measurements": 1,
        "write_report": 1,
    }
    extended.run("--cores", "2")
    assert extended.planned() == {}
    after = times(extended)
    assert {name: after[name] for name in before} == before

    (path,) = (extended.folder / "results").glob("runs/my_line/small-*/0-2/measurements.parquet")
    measured = read_table(path)
    assert sorted(measured["replicate"].unique()) == [0, 1, 2]
    start = measured.query("iteration == 0").set_index("replicate")["distance"]
    # y of replicate 0 is the seed's own first number; w starts at 0.5; the others have their own.
    y = np.random.default_rng(entry["problem"]["data_seed"]).standard_normal()
    assert start[0] == pytest.approx(abs(0.5 - y), rel=1e-15)
    assert start.nunique() == 3
    expected = measured["replicate"].map(start) * 0.9 ** measured["iteration"]
    np.testing.assert_allclose(measured["distance"], expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(measured["train_loss"], expected**2 / 2, rtol=1e-12, atol=1e-30)

    # |w - y| grows 499-fold a step and passes 1e100 after 38 of them.
    (path,) = (extended.folder / "results").glob("runs/my_line/too-large-*/0-2/*.parquet")
    diverged = read_table(path)
    assert diverged["diverged_at"].between(36, 39).all()
    assert (diverged["distance"].isna() == (diverged["iteration"] >= diverged["diverged_at"])).all()


def test_the_new_kinds_keep_their_contracts(extended):
    """As somebody who adds a module would see: the same checks as for all others."""
    add_example(extended)
    tests = extended.folder / "tests" / "conformance"
    shutil.copytree(ROOT / "tests" / "conformance", tests)
    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(extended.folder)]
    command = [sys.executable, "-m", "pytest", *options, str(tests)]
    places = (extended.folder / "src", tests)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))}

    def checked(kinds):
        return subprocess.run(
            [*command, "-k", kinds],
            cwd=extended.folder,
            env=environment,
            capture_output=True,
            text=True,
        )

    done = checked("one_point or line")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^(1[5-9]|2\d) passed", done.stdout, flags=re.MULTILINE), done.stdout
    # One that breaks a promise is told which.
    extended.edit("src/sparsestep/training/line.py", "if not abs(residual) <= 1e100:", "if False:")
    done = checked("line/sgd")
    assert done.returncode == 1
    assert re.findall(r"^FAILED \S+::(\w+)", done.stdout, flags=re.MULTILINE) == [
        "test_an_explosion_is_a_result"
    ]


def test_what_the_new_measurement_needs_is_checked(extended):
    entry = add_example(extended)
    config = extended.config
    config["experiments"]["my_line"]["problem"] = config["experiments"]["first"]["problem"]
    extended.write_config(config)
    assert (
        "experiments.my_line.measure.distance: needs the problem's w_star, got "
        "'sparse_regression'; valid problems: one_point"
    ) in extended.snakemake("-n").stdout.splitlines()
    assert entry["model"]["kind"] == "line"
