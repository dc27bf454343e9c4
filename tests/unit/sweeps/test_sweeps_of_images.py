"""Sweeps over networks on images: points are trained as runs are, then their ends measured."""

import copy

import numpy as np
import pandas as pd
import pytest
import stage_jobs

from sparsestep import registry
from sparsestep.artifacts.arrays import read_dataset, read_trajectory
from sparsestep.artifacts.tables import read_table
from sparsestep.config import kinds
from sparsestep.images import compute
from sparsestep.images.training import devices
from sparsestep.plan import Plan
from sparsestep.sweeps import images
from unit.config.test_config_images import IMAGES

OVER = {"problem.batch_size": [16, 24], "schedule.step_size": [0.01, 1e30]}


def raw(**sweep):
    tiny = copy.deepcopy(IMAGES)
    tiny["problem"] |= {"n_test": 20, "n_train": 48}
    tiny["model"] = {"kind": "densenet", "depth": 7, "growth_rate": 2}
    tiny["measure"] = {"losses": None}
    mine = {"experiment": "tiny", "over": copy.deepcopy(OVER), **sweep}
    return {"experiments": {"tiny": tiny}, "sweeps": {"mine": mine}}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A plan and the folder in which its sweep is computed: the last half of the snapshots."""
    plan, folder = Plan(raw(average=0.5)), tmp_path_factory.mktemp("sweep")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setenv(compute.VARIABLE, '{"device": "cpu"}')
        stage_jobs.sweep_all(plan)
    return plan, folder


def test_one_row_for_each_point_and_replicate(made):
    _, folder = made
    table = pd.read_csv(folder / "results/sweeps/mine.csv")
    assert list(table)[:5] == [*OVER, "replicate", "iteration", "diverged_at"]
    assert table["problem.batch_size"].tolist() == [16] * 4 + [24] * 4
    assert table["schedule.step_size"].tolist() == [0.01, 0.01, 1e30, 1e30] * 2
    assert table["replicate"].tolist() == [0, 1] * 4
    # Three epochs, of three updates or of two.
    assert table["iteration"].tolist() == [9] * 4 + [6] * 4
    diverged = table["schedule.step_size"] == 1e30
    assert (table["diverged_at"] >= 0).tolist() == diverged.tolist()
    assert table["train_loss"].isna().tolist() == diverged.tolist()


def test_ends_are_means_of_what_runs_measure(made, monkeypatch):
    plan, folder = made
    monkeypatch.chdir(folder)
    (chunk, *_), (batch,) = plan.sweeps.keys.chunks("mine"), plan.sweeps.batches("mine")
    path = plan.sweeps.images.trajectory_path("mine", chunk, batch)
    run_id = plan.experiments.run_id("tiny", "small")
    assert path == plan.experiments.trajectory_path("tiny", "small", batch)
    at = {"experiment": "tiny", "run": "small", "run_id": run_id, "batch": batch}
    files = {"dataset": plan.experiments.dataset_path("tiny"), "trajectory": path}
    monkeypatch.setenv(compute.VARIABLE, '{"device": "cpu"}')
    stage_jobs.do(plan, "measure_images", at, **files, output="whole.parquet")
    whole = read_table("whole.parquet")
    late = whole[whole["iteration"] >= 4.5].groupby("replicate")["train_loss"]
    assert late.size().tolist() == [2, 2]
    got = pd.read_csv("results/sweeps/mine.csv")["train_loss"][:2]
    np.testing.assert_allclose(got, late.mean(), rtol=1e-6)
    assert late.mean().nunique() == 2


def test_the_last_snapshot_alone_without_an_average(made):
    plan, folder = made
    (chunk, *_), (batch,) = plan.sweeps.keys.chunks("mine"), plan.sweeps.batches("mine")
    spec = plan.sweeps.keys.chunk("mine", chunk, batch) | {"average": None}
    trajectory = read_trajectory(folder / plan.sweeps.images.trajectory_path("mine", chunk, batch))
    dataset = read_dataset(folder / plan.experiments.dataset_path("tiny"))
    with devices.claimed(compute.Compute(device="cpu")) as device:
        found = images.run(spec, dataset, trajectory, device)
        last = images.run(spec | {"average": 0.01}, dataset, trajectory, device)
        means = images.run(spec | {"average": 0.5}, dataset, trajectory, device)
    pd.testing.assert_frame_equal(found, last)
    assert found["iteration"].tolist() == means["iteration"].tolist() == [9, 9]
    assert (found["train_loss"] != means["train_loss"]).all()


@pytest.mark.parametrize("average", [None, 0.5])
def test_losses_of_batches_are_those_before_the_last_snapshot(made, average):
    """Behind it, at T, there are none: the mean from the snapshot before, as of a run."""
    plan, folder = made
    (chunk, *_), (batch,) = plan.sweeps.keys.chunks("mine"), plan.sweeps.batches("mine")
    spec = plan.sweeps.keys.chunk("mine", chunk, batch) | {"average": average}
    spec["common"] = spec["common"] | {"measure": {"batch_loss": {}, "losses": {}}}
    trajectory = read_trajectory(folder / plan.sweeps.images.trajectory_path("mine", chunk, batch))
    dataset = read_dataset(folder / plan.experiments.dataset_path("tiny"))
    assert trajectory.iterations.tolist() == [0, 3, 6, 9]
    with devices.claimed(compute.Compute(device="cpu")) as device:
        found = images.run(spec, dataset, trajectory, device)
    of_batches = trajectory.batch_loss.astype(float)
    np.testing.assert_allclose(found["batch_loss"], of_batches[:, 6:].mean(axis=1), rtol=1e-12)
    assert found["batch_loss"].nunique() == 2
    assert found["train_loss"].notna().all()


@pytest.mark.parametrize("name", registry.kinds("measure", "densenet"))
def test_every_measurement_can_be_taken_of_the_last_snapshot_alone(made, name):
    plan, folder = made
    (chunk, *_), (batch,) = plan.sweeps.keys.chunks("mine"), plan.sweeps.batches("mine")
    spec = plan.sweeps.keys.chunk("mine", chunk, batch) | {"average": None}
    options = kinds.resolve_measure({name: None}, plan.config.experiments["tiny"].model)
    spec["common"] = spec["common"] | {"measure": {name: options[name].model_dump(mode="json")}}
    trajectory = read_trajectory(folder / plan.sweeps.images.trajectory_path("mine", chunk, batch))
    dataset = read_dataset(folder / plan.experiments.dataset_path("tiny"))
    with devices.claimed(compute.Compute(device="cpu")) as device:
        found = images.run(spec, dataset, trajectory, device)
        whole = images.run(spec | {"average": 1 - 1e-9}, dataset, trajectory, device)
    columns = registry.load("measure", name, "densenet").columns(options[name])
    assert list(found) == list(whole) == [*OVER, "replicate", "iteration", "diverged_at", *columns]
    assert found[columns].notna().all().all()
