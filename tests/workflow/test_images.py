"""Networks on images in the workflow: digits, CIFAR's own format, edits, kills, targets."""

import json
import os
import re
import signal
import subprocess
import time

import archives
import numpy as np
import pandas as pd
import pytest
import safetensors
import torch

from sparsestep import measures
from sparsestep.artifacts.arrays import read_dataset, read_trajectory, write_dataset
from sparsestep.artifacts.files import provenance
from sparsestep.artifacts.tables import read_table
from sparsestep.images.datasets import prepare
from sparsestep.images.networks import initial
from sparsestep.images.problem import Spec as Problem
from sparsestep.images.replicate import of_replicate
from sparsestep.images.training.loop import train
from sparsestep.plan import Plan
from workflow.runner import Workflow

TINY = {
    "experiments": {
        "digits": {
            # Jobs of three and of one.
            "replicates": 4,
            "epochs": 4,
            "problem": {"kind": "images", "dataset": "digits", "n_train": 64, "n_test": 32}
            | {"batch_size": 16, "order_seed": 0, "vary": ["init", "order"]},
            "model": {"kind": "densenet", "depth": 7, "growth_rate": 4},
            "snapshots": {"first": 1, "evenly_spaced": 3, "last": True},
            "runs": {
                "small": {
                    "algorithm": {"kind": "minibatch_sgd"},
                    "schedule": {"kind": "constant", "step_size": 0.01},
                },
                "decay-50": {
                    "algorithm": {"kind": "minibatch_sgd", "momentum": 0.9, "augment": True},
                    "schedule": {
                        "kind": "exponential_warmup",
                        "step_size": 0.05,
                        "decay_at": 0.5,
                    },
                },
            },
            "measure": {"losses": None, "channel_sparsity": {"blocks": ["block2", "last"]}},
            "claims": {"better": ["test_error"], "sparser": ["feature_sparsity_last"]},
        }
    },
    "figures": {
        "digits": {
            "kind": "training_curves",
            "experiment": "digits",
            "panels": ["train_loss", "test_error", "feature_sparsity_last"],
        }
    },
    # On a machine with a GPU too: results on the CPU are the same bytes.
    "compute": {"device": "cpu"},
}
# Of the three replicates of a job; the second size is that of the run, which is there.
SIZES = {"experiment": "digits", "run": "small", "replicates": 3}
SIZES["over"] = {"problem.batch_size": [32, 16]}
DEPENDENCE = {"kind": "dependence", "sweep": "sizes", "x": "problem.batch_size"}
DEPENDENCE["panels"] = ["train_loss", "feature_sparsity_last"]
SWEPT = {**TINY, "sweeps": {"sizes": SIZES}}
SWEPT["figures"] = {**TINY["figures"], "sizes": DEPENDENCE}
COMPILED = {"device": "cpu", "compile": True}
DOWNSTREAM = {
    "draw_training_curves": 1,
    "summarise_measurements": 1,
    "judge_claims": 1,
    "write_report": 1,
}
OF_SWEEP = {"sweep_images": 2, "collect_points": 1, "draw_dependence": 1}
RESULTS = ("runs/**/*", "data/*", "figures/*", "summary.csv", "report.html")


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    workflow = Workflow.create(tmp_path_factory.mktemp("images") / "computed", SWEPT)
    workflow.run("--cores", "2")
    return workflow


@pytest.fixture
def edited(computed, tmp_path):
    return computed.copy(tmp_path / "edited")


def change(workflow, *path_and_value):
    workflow.change("experiments", "digits", *path_and_value)


def test_everything_is_there(computed):
    assert computed.planned() == {}
    results = computed.folder / "results"
    summary = (results / "summary.csv").read_text()
    for metric in ("train_error", "test_loss", "feature_sparsity_block2", "raw_sparsity_last"):
        assert all(f"digits,decay-50,{r},{metric}," in summary for r in range(4))
    # No problem on disk, no checkpoint left.
    assert not (results / "problems").exists()
    assert not (results / ".resume").exists()
    run_id = Plan(computed.config).experiments.run_id("digits", "small")
    log = results / f"logs/runs/digits/small-{run_id}/0-2/trajectory.log"
    for replicate in range(3):
        assert f"replicate {replicate}: " in log.read_text()
    assert log.read_text().count("images/s, loss=") >= 3


def test_compile_without_a_compiler(tmp_path):
    """Said before the data are prepared."""
    workflow = Workflow.create(tmp_path / "workflow", {**TINY, "compute": COMPILED})
    done = workflow.snakemake("--cores", "1", env={**os.environ, "CXX": "/nonexistent/g++"})
    assert done.returncode == 1
    said = "compute.compile: torch.compile needs a C++ compiler on a CPU, and '/nonexistent/g++'"
    assert said in done.stdout
    assert "Traceback" not in done.stdout
    assert not list(workflow.folder.glob("results/**/*.*"))


def test_a_replicate_does_not_depend_on_those_before_it(computed):
    plan = Plan(computed.config)
    joined = read_trajectory(
        computed.folder / plan.experiments.trajectory_path("digits", "decay-50", "0-2")
    )
    spec = {**plan.experiments.run("digits", "decay-50"), "replicates": [2, 2]}
    dataset = read_dataset(computed.folder / plan.experiments.dataset_path("digits"))
    images = of_replicate(Problem(**spec["problem"]), dataset, 2)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    alone = train(images, spec)
    torch.set_num_threads(before)
    for name in ("parameters", "batch_loss", "step_sizes", "diverged_at"):
        np.testing.assert_array_equal(getattr(joined, name)[2:], getattr(alone, name))
    table = read_table(
        computed.folder / plan.experiments.measurement_path("digits", "decay-50", "0-2")
    )
    network = initial.from_spec(spec["model"], 1, 10)
    spec["measure"] = {"losses": {}}
    expected = measures.table(images, alone, network, spec)
    got = table[table["replicate"] == 2].reset_index(drop=True)[list(expected)]
    pd.testing.assert_frame_equal(got, expected, rtol=1e-5)


def test_a_correlation_threshold_retrains_nothing(edited):
    change(edited, "measure", "channel_sparsity", "correlation_threshold", 0.9)
    assert edited.planned() == {"measure_images": 4, **OF_SWEEP, **DOWNSTREAM}


def test_one_step_size(edited):
    change(edited, "runs", "small", "schedule", "step_size", 0.02)
    # Two batches of replicates, and the point that is not the run.
    trained = {"train_images": 3, "measure_images": 2}
    assert edited.planned() == {**trained, **OF_SWEEP, **DOWNSTREAM}


def test_one_more_batch_size_trains_it_alone(edited):
    edited.change("sweeps", "sizes", "over", "problem.batch_size", [8, 32, 16])
    found = {"train_images": 1, "sweep_images": 1, "collect_points": 1, "draw_dependence": 1}
    assert edited.planned() == found | {"write_report": 1}


def test_a_sweep_ends_as_its_runs_do(computed):
    """Those of the run that is a point are measured from the same trajectory."""
    results = computed.folder / "results"
    swept = pd.read_csv(results / "sweeps/sizes.csv").set_index("problem.batch_size")
    (path,) = results.glob("runs/digits/small-*/0-2/measurements.parquet")
    measured = read_table(path)
    last = measured[measured["iteration"] == measured["iteration"].max()]
    for metric in ("train_loss", "test_error", "feature_sparsity_last"):
        np.testing.assert_array_equal(swept.loc[16, metric], last[metric])
    assert swept.loc[16, "train_loss"].nunique() == 3
    assert (swept.loc[16, "train_loss"].array != swept.loc[32, "train_loss"].array).all()
    # The run, and the other point beside it.
    trained = results.glob("runs/digits/small-*/0-2/trajectory.safetensors")
    assert len(list(trained)) == 2


def test_one_more_replicate(edited):
    change(edited, "replicates", 5)
    assert edited.planned() == {"train_images": 2, "measure_images": 2, **DOWNSTREAM}


def test_another_device_reruns_nothing(edited):
    config = edited.config
    config["compute"] = {"device": "auto", "precision": "float32", "checkpoint_minutes": 1}
    edited.write_config(config)
    assert edited.planned() == {}


def test_a_job_asks_for_a_gpu_only_where_it_uses_one(edited):
    change(edited, "runs", "small", "schedule", "step_size", 0.02)
    assert "gpu=1" not in edited.run("-n")
    config = edited.config
    config["compute"] = {"device": "cuda"}
    edited.write_config(config)
    planned = edited.run("-n")
    assert planned.count("gpu=1") == 7
    # The size of the snapshots stands beside it.
    assert "disk_mb=1" in planned


def test_on_demand(edited):
    change(edited, "on_demand", True)
    edited.edit("config.yaml", "n_train: 64", "n_train: 65")
    # Nothing else is left that the report could show: nothing is computed.
    assert "train_images" not in edited.planned()
    output = edited.run("-n", "digits")
    assert "train_images" in output
    assert "write_report" not in output


def test_cifar10_from_its_binary_format(tmp_path):
    archive = tmp_path / "archive" / "cifar-10-binary.tar.gz"
    archive.parent.mkdir()
    members, _ = archives.cifar10(images=12)
    archives.write_tar(archive, members)
    spec = {"dataset": {"kind": "cifar10", "data_dir": str(archive.parent)}}
    dataset = prepare(spec, md5=archives.md5(archive))

    config = json.loads(json.dumps(TINY))
    experiment = config["experiments"]["digits"]
    experiment["problem"] |= {"dataset": "cifar10", "n_train": 48, "n_test": 8}
    experiment["model"] = {"kind": "resnet", "depth": 18, "width": 4}
    experiment["replicates"] = 1
    workflow = Workflow.create(tmp_path / "workflow", config)
    path = workflow.folder / Plan(config).experiments.dataset_path("digits")
    write_dataset(path, dataset, provenance(dataset.spec, "by hand"))
    done = workflow.run("--cores", "2")
    assert "prepare_dataset" not in done
    assert "digits,small,0,test_error," in (workflow.folder / "results/summary.csv").read_text()
    assert workflow.planned() == {}


def test_killed_with_everything_and_started_again(tmp_path):
    config = json.loads(json.dumps(TINY))
    experiment = config["experiments"]["digits"]
    experiment |= {"replicates": 2, "epochs": 60}
    del experiment["runs"]["small"]
    undisturbed = Workflow.create(tmp_path / "undisturbed", config)
    undisturbed.run("--cores", "1")
    config["compute"]["checkpoint_minutes"] = 1e-9
    killed = Workflow.create(tmp_path / "killed", config)
    with subprocess.Popen(
        killed.command("--cores", "1"),
        cwd=killed.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as started:
        wait_for_iteration(killed.folder, replicate=1, iteration=40)
        os.killpg(started.pid, signal.SIGKILL)
    killed.run("--cores", "1")
    (log,) = killed.folder.glob("results/logs/runs/digits/*/0-1/trajectory.log")
    # The replicate that was trained already, and the one that was not.
    at = [int(number) for number in re.findall(r"goes on at iteration (\d+)", log.read_text())]
    assert at[0] == 240
    assert 40 <= at[1] < 240
    assert killed.contents(*RESULTS) == undisturbed.contents(*RESULTS)
    assert not (killed.folder / "results" / ".resume").exists()


def wait_for_iteration(folder, replicate, iteration):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for path in folder.glob(f"results/.resume/*/*/*/{replicate}/checkpoint.safetensors"):
            with safetensors.safe_open(path, framework="numpy") as file:
                if file.get_tensor("iteration")[0] >= iteration:
                    return
        time.sleep(0.01)
    raise AssertionError("no checkpoint came")
