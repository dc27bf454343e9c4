"""The stages of networks on images: of a batch's replicates, each is trained and measured alone."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from image_training import make_spec

from sparsestep import measures
from sparsestep.artifacts.arrays import Trajectory, write_dataset, write_trajectory
from sparsestep.artifacts.files import provenance
from sparsestep.artifacts.tables import read_table
from sparsestep.errors import ArtifactError
from sparsestep.images import compute
from sparsestep.images.datasets import prepare
from sparsestep.images.networks import initial, state
from sparsestep.images.problem import Spec
from sparsestep.images.replicate import of_replicate
from sparsestep.stages import measure_images

BATCH = {"replicates": [4, 6]}


@pytest.fixture(autouse=True)
def _on_the_cpu(monkeypatch):
    monkeypatch.setenv(compute.VARIABLE, '{"device": "cpu"}')


@pytest.fixture
def job(tmp_path):
    """Arguments of a job that measures three replicates of a network on digits."""
    dataset = prepare({"dataset": {"kind": "digits"}})
    write_dataset(tmp_path / "dataset", dataset, provenance(dataset.spec, ""))
    spec = make_spec() | BATCH
    # Images of their own, so that a replicate's images and its network must go together.
    spec["problem"] |= {"n_train": 20, "n_test": 12, "vary": ["data", "init", "order"]}
    states = [state.flatten(initial.from_spec(spec["model"], 1, 10, seed)) for seed in range(6)]
    trajectory = Trajectory(
        iterations=np.array([0, 12]),
        parameters=torch.stack(states).reshape(3, 2, -1).numpy(),
        step_sizes=np.full((3, 2), 0.1),
        diverged_at=np.array([-1, -1, -1]),
        spec=spec,
    )
    write_trajectory(tmp_path / "trajectory", trajectory, provenance(spec, ""))
    files = {name: str(tmp_path / name) for name in ("dataset", "trajectory", "output")}
    told = {"spec": {**spec, "measure": {"losses": {}}}, "code": "", "threads": 1}
    return SimpleNamespace(**told, **files), dataset, trajectory


def test_every_replicate_is_measured_on_its_own_images(job):
    arguments, dataset, trajectory = job
    measure_images.main(arguments)
    table = read_table(arguments.output)
    network = initial.from_spec(arguments.spec["model"], 1, 10)
    for row, replicate in enumerate((4, 5, 6)):
        alone = {**arguments.spec, "replicates": [replicate, replicate]}
        images = of_replicate(Spec(**alone["problem"]), dataset, replicate)
        expected = measures.table(images, trajectory.of_replicate(row), network, alone)
        got = table[table["replicate"] == replicate].reset_index(drop=True)
        pd.testing.assert_frame_equal(got[list(expected)], expected, rtol=1e-5)
    # Else the comparison would say nothing.
    assert table["train_loss"].nunique() == len(table) == 6
    assert np.isfinite(table["test_loss"]).all()


def test_a_trajectory_of_another_run_is_refused(job):
    arguments, _, trajectory = job
    other = trajectory.spec | {"schedule": {"kind": "constant", "step_size": 0.1}}
    write_trajectory(arguments.trajectory, trajectory, provenance(other, ""))
    with pytest.raises(ArtifactError, match="made from another configuration"):
        measure_images.main(arguments)
