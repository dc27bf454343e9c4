"""Sweeps on images: which trajectory is whose, and what is refused."""

import copy
from types import SimpleNamespace

import pytest

from sparsestep import config
from sparsestep.artifacts.identity import canonical_json
from sparsestep.errors import ConfigError
from sparsestep.plan import Plan
from unit.config.test_config_images import IMAGES
from unit.config.test_sweep_points import TEACHER


def raw(**sweep):
    over = {"problem.batch_size": [8, 16]}
    mine = {"experiment": "tiny", "over": over, **sweep}
    return {"experiments": {"tiny": copy.deepcopy(IMAGES)}, "sweeps": {"mine": mine}}


def trajectories(plan, name="mine"):
    """By the values of the first key, of the first batch."""
    images, batch = plan.sweeps.images, plan.sweeps.batches(name)[0]
    chunks = plan.sweeps.keys.chunks(name)
    return {
        next(iter(spec["points"][0]["values"].values())): images.trajectory_path(name, chunk, batch)
        for chunk, spec in chunks.items()
    }


def trained(plan, path):
    *_, run, batch, _ = path.split("/")
    name, _, run_id = run.rpartition("-")
    at = SimpleNamespace(experiment="tiny", run=name, run_id=run_id, batch=batch)
    return at, plan.jobs.spec("train_images")(at)


def test_a_point_and_batch_of_replicates_a_job():
    plan = Plan(raw(replicates=5))
    assert len(plan.sweeps.keys.chunks("mine")) == 2
    # Networks on digits are trained three a job.
    assert plan.sweeps.batches("mine") == ["0-2", "3-4"]
    assert len(plan.sweeps.paths("mine")) == len(plan.sweeps.images.trajectory_paths()) == 4


def test_a_point_that_is_the_run_is_trained_once():
    plan = Plan(raw())
    found = trajectories(plan)
    assert found[16] == plan.experiments.trajectory_path("tiny", "small", "0-1")
    other, here = found[8].split("/"), found[16].split("/")
    assert other[3].startswith("small-")
    assert other[:3] + other[4:] == here[:3] + here[4:]


def test_a_point_is_told_what_a_run_of_its_own_would_be():
    plan, alone = Plan(raw()), raw()
    alone["experiments"]["tiny"]["problem"]["batch_size"] = 8
    alone = Plan(alone)
    at, spec = trained(plan, trajectories(plan)[8])
    assert at.run_id == alone.experiments.run_id("tiny", "small")
    assert spec == canonical_json(
        alone.experiments.batched(alone.experiments.run("tiny", "small"), "tiny", "0-1")
    )
    # Three epochs of 70 images.
    assert '"iterations":24' in spec
    assert plan.jobs.code("train_images")(at) == alone.jobs.code("train_images")(at)


def test_points_stay_where_they_are():
    before = trajectories(Plan(raw()))
    changed = raw(over={"problem.batch_size": [8, 16, 32]}, measure={"losses": None})
    changed["sweeps"] = {"another": changed["sweeps"]["mine"]}
    after = trajectories(Plan(changed), "another")
    assert {size: after[size] for size in before} == before


def test_a_run_keeps_its_own_replicates_beside_more_of_a_sweep():
    plan = Plan(raw(replicates=3))
    path = trajectories(plan)[16]
    at, _ = trained(plan, path)
    assert at.batch == "0-2"
    _, spec = trained(plan, plan.experiments.trajectory_path("tiny", "small", "0-1"))
    assert '"replicates":[0,1]' in spec
    with pytest.raises(ConfigError, match=r"experiments\.tiny has no batch 0-7"):
        trained(plan, path.replace("0-2", "0-7"))
    with pytest.raises(ConfigError, match=r"experiments\.tiny has no batch 0-1"):
        trained(plan, trajectories(plan)[8].replace("0-2", "0-1"))


def test_an_id_of_no_run_and_no_point():
    plan = Plan(raw())
    current = plan.experiments.run_id("tiny", "small")
    at = SimpleNamespace(experiment="tiny", run="small", run_id="0" * 12, batch="0-1")
    with pytest.raises(ConfigError, match=f"id {'0' * 12} does not follow .* now it is {current}"):
        plan.jobs.spec("train_images")(at)


def test_each_point_has_its_data_set_and_size():
    over = {"problem": [{"dataset": "digits"}, {"dataset": "cifar10"}]}
    plan = Plan(raw(over=over, replicates=3))
    images, paths = plan.sweeps.images, list(plan.sweeps.images.points("mine").values())
    assert ["digits" in paths[0].dataset_path, "cifar10" in paths[1].dataset_path] == [True, True]
    for path, point in zip(trajectories(plan).values(), paths, strict=True):
        at, _ = trained(plan, path)
        assert images.dataset_path("tiny", "small", at.run_id) == point.dataset_path
        # A job has three replicates, as those of digits have; one of CIFAR-10 has its own size.
        assert images.snapshots_mb("tiny", "small", at.run_id, "0-2") == point.snapshots_mb("0-2")
    sizes = [[of.snapshots_mb(batch) for of in paths] for batch in ("0-0", "0-2")]
    assert sizes == [[1, 1], [3, 3]]


def test_a_batch_of_a_sweep_may_be_larger_than_its_experiments():
    plan = Plan(raw(replicates=3))
    at, _ = trained(plan, trajectories(plan)[16])
    assert plan.sweeps.images.snapshots_mb("tiny", "small", at.run_id, "0-2") == 3
    assert plan.sweeps.images.snapshots_mb("tiny", "small", at.run_id, "0-1") == 2


def test_the_data_set_of_a_point_is_used():
    plan = Plan(raw(over={"problem.dataset": ["digits", "cifar10"]}))
    paths = {point.dataset_path for point in plan.sweeps.images.points("mine").values()}
    assert len(paths) == 2
    assert paths <= set(plan.output_paths())


def test_a_chunk_of_no_point():
    images = Plan(raw()).sweeps.images
    with pytest.raises(ConfigError, match=f"sweeps.mine has no chunk {'0' * 12}"):
        images.trajectory_path("mine", "0" * 12, "0-1")


def test_what_is_measured_is_code_of_its_job_alone():
    plan = Plan(raw(measure={"losses": None}))
    chunk = next(iter(plan.sweeps.keys.chunks("mine")))
    at = SimpleNamespace(sweep="mine", chunk=chunk, batch="0-1")
    other = Plan(raw(measure={"sharpness": None}))
    there = SimpleNamespace(sweep="mine", chunk=next(iter(other.sweeps.keys.chunks("mine"))))
    there.batch = "0-1"
    assert plan.jobs.points_code(at) != other.jobs.points_code(there)


WRONG = [
    ({"edges": True}, "edges: edges of networks on images are not searched for; leave it out"),
    (
        {"over": {"schedule.step_size": [{"of_edge": 0.5}]}},
        "over: at schedule.step_size = {'of_edge': 0.5}: schedule.step_size: must be a number: "
        "edges of networks on images are not searched for",
    ),
    (
        {"over": {"problem.batch_size": [71]}},
        "over: at problem.batch_size = 71: problem.batch_size: ",
    ),
    ({"over": {"iterations": [5]}}, "over: at iterations = 5: epochs: must be absent where"),
]


@pytest.mark.parametrize(("sweep", "line"), WRONG)
def test_wrong_sweeps_on_images(sweep, line):
    with pytest.raises(ConfigError) as caught:
        config.load(raw(**sweep))
    assert str(caught.value).startswith(f"sweeps.mine.{line}")
    assert "\n" not in str(caught.value)


def test_points_stay_in_the_family_of_their_experiment():
    content = raw()
    content["experiments"]["teacher"] = copy.deepcopy(TEACHER)
    images = content["experiments"]["tiny"]
    fixed = {"model": images["model"], "algorithm": {"kind": "minibatch_sgd"}}
    mine = {"experiment": "teacher", "run": "large", "fixed": fixed, "measure": {"losses": None}}
    content["sweeps"]["mine"] = mine | {"over": {"problem": [images["problem"]]}}
    with pytest.raises(ConfigError) as caught:
        config.load(content)
    line = "problem.kind: got 'images'; the experiment is of networks on vectors"
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)
