"""Experiments on images in config.yaml: what they may say, their ids, sizes, batches, targets."""

import copy
from types import SimpleNamespace

import pytest

from conftest import TINY
from sparsestep import config
from sparsestep.errors import ConfigError
from sparsestep.images.compute import Compute
from sparsestep.images.networks import initial, state
from sparsestep.mistakes import Mistakes
from sparsestep.plan import Plan

IMAGES = {
    "replicates": 2,
    "epochs": 3,
    "problem": {"kind": "images", "dataset": "digits", "n_train": 70, "batch_size": 16}
    | {"order_seed": 0, "vary": ["init", "order"]},
    "model": {"kind": "resnet", "depth": 18, "width": 4},
    "snapshots": {"first": 1, "evenly_spaced": 4, "last": True},
    "runs": {
        "small": {
            "algorithm": {"kind": "minibatch_sgd"},
            "schedule": {"kind": "constant", "step_size": 0.01},
        }
    },
    "measure": {"step_size": None},
}

MNIST = IMAGES["problem"] | {"dataset": "mnist"}


@pytest.fixture
def raw():
    return {
        "experiments": {"tiny": copy.deepcopy(IMAGES)},
        "figures": {"tiny": {"kind": "training_curves", "experiment": "tiny"}},
    }


@pytest.fixture
def experiment(raw):
    raw["figures"]["tiny"]["panels"] = ["step_size"]
    return raw["experiments"]["tiny"]


def said(raw):
    with pytest.raises(ConfigError) as caught:
        config.load(raw)
    return str(caught.value)


def test_epochs_are_iterations(raw, experiment):
    by_epochs = Plan(raw)
    # 70 images in batches of 16 are 4 updates an epoch; 6 images are left out.
    assert by_epochs.config.experiments["tiny"].iterations == 12
    del experiment["epochs"]
    experiment["iterations"] = 12
    assert Plan(raw).experiments.run("tiny", "small") == by_epochs.experiments.run("tiny", "small")


def test_snapshots_by_default(raw, experiment):
    del experiment["snapshots"]
    assert Plan(raw).experiments.run("tiny", "small")["snapshots"] == {
        "first": 1,
        "evenly_spaced": 21,
        "last": True,
    }


def test_replicates_of_a_job(raw, experiment):
    experiment["replicates"] = 5
    three = Plan(raw)
    assert three.experiments.batches("tiny") == ["0-2", "3-4"]
    experiment["problem"]["dataset"] = "cifar10"
    one = Plan(raw)
    assert one.experiments.batches("tiny") == ["0-0", "1-1", "2-2", "3-3", "4-4"]
    # 0.7 MB a replicate.
    assert one.experiments.snapshots_mb("tiny", "0-0") == 1
    assert three.experiments.snapshots_mb("tiny", "0-2") == 3
    assert three.experiments.snapshots_mb("tiny", "3-4") == 2


MISTAKES = [
    (("epochs",), None, "experiments.tiny.epochs: missing"),
    (("iterations",), 12, "experiments.tiny.epochs: must be absent where iterations are given"),
    (
        ("problem", "dataset"),
        "digit",
        "must be one of digits, cifar10, cifar100, tiny_imagenet, mn",
    ),
    (("problem",), MNIST | {"n_train": 60001}, "problem.n_train: got 60001; must be at most 60000"),
    (("problem",), MNIST | {"n_test": 10001}, "problem.n_test: got 10001; must be at most 10000"),
    (("replicates_per_job",), 3, "replicates_per_job: a job trains one network on images; leave"),
    (("problem", "n_train"), 1443, "problem.n_train: got 1443; must be at most 1442"),
    (("problem", "n_test"), 356, "problem.n_test: got 356; must be at most 355"),
    (("problem", "batch_size"), 71, "must be at most the number of training images, 70"),
    (("model",), {"kind": "diagonal", "u": 0.1, "v": 0.0}, "valid here: densenet, resnet"),
    (("runs", "small", "algorithm"), {"kind": "sgd"}, "unknown algorithm, got 'sgd'"),
    (("runs", "small", "algorithm", "momentum"), 1.0, "momentum: got 1.0; input should be less"),
    (("runs", "small", "schedule", "step_size"), {"of_edge": 0.9}, "step_size: must be a number"),
    (("edge",), {"horizon": 0.5}, "experiments.tiny.edge: edges of networks on images are not"),
    (
        ("measure",),
        {"channel_sparsity": {"blocks": ["last"], "further_thresholds": [0.9, 0.9]}},
        "measure.channel_sparsity.further_thresholds: got [0.9, 0.9]; must be different",
    ),
    (("measure",), {"jacobian_rank": None}, "unknown measure, got 'jacobian_rank'"),
    (("measure",), {"dead": None}, "unknown measure, got 'dead'"),
    # The last of four stages sees one position, and batch norm a single number.
    (("problem", "batch_size"), 1, "problem.batch_size: must be at least 2"),
    (
        ("model",),
        {"kind": "densenet", "depth": 7, "growth_rate": 1, "compression": 0.05},
        "compression leaves no channels between two blocks",
    ),
    (
        ("runs", "small", "schedule"),
        {"kind": "exponential_warmup", "step_size": 0.1, "decay_at": 0.5, "growth": 1e10},
        "schedule.growth: got 10000000000.0; input should be less than or equal to 10",
    ),
]


@pytest.mark.parametrize(("path", "value", "says"), MISTAKES)
def test_mistakes(raw, experiment, path, value, says):
    *blocks, key = path
    block = experiment
    for name in blocks:
        block = block[name]
    if value is None:
        del block[key]
    else:
        block[key] = value
    assert says in said(raw)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"epochs": 3}, "epochs: problem 'sparse_regression' has none; give iterations"),
        ({"snapshots": {"last": True}}, "snapshots.last: is for networks on images"),
        ({"snapshots": {"bfloat16": True}}, "snapshots.bfloat16: is for networks on images"),
        ({"model": IMAGES["model"]}, "takes images; valid here: diagonal, mlp"),
        ({"iterations": ...}, "experiments.first.iterations: missing"),
    ],
)
def test_what_is_for_images_only(change, says):
    raw = copy.deepcopy(TINY)
    first = raw["experiments"]["first"] | change
    raw["experiments"]["first"] = {key: part for key, part in first.items() if part is not ...}
    assert says in said(raw)


def test_on_demand(raw, experiment):
    raw["experiments"]["other"] = copy.deepcopy(experiment) | {"on_demand": True}
    raw["figures"]["other"] = {**raw["figures"]["tiny"], "experiment": "other"}
    plan = Plan(raw)
    assert plan.experiments.wanted == ["tiny"]
    assert not any(
        "other" in path for path in plan.experiments.measurement_paths() + plan.figures.paths()
    )
    asked = plan.target_paths("other")
    assert sum(path.startswith("results/runs/other/small-") for path in asked) == 1
    assert "results/figures/other.png" in asked
    assert not any("tiny" in path for path in asked)
    raw["enabled"] = ["other"]
    enabled = Plan(raw)
    assert set(asked) <= set(enabled.experiments.measurement_paths() + enabled.figures.paths())
    raw["enabled"] = ["tiny", "othr"]
    assert "enabled.0: no experiment with `on_demand: true`, got 'tiny'; valid: other" in said(raw)
    assert "enabled.1: no experiment with `on_demand: true`, got 'othr'" in said(raw)


def test_options_that_are_off_leave_ids_alone(raw, experiment):
    plain = Plan(raw).experiments.run("tiny", "small")
    experiment["snapshots"]["bfloat16"] = False
    assert Plan(raw).experiments.run("tiny", "small") == plain
    experiment["snapshots"]["bfloat16"] = True
    assert Plan(raw).experiments.run("tiny", "small") != plain


def test_compute_is_no_part_of_a_run(raw, experiment):
    plain = Plan(raw).experiments.run("tiny", "small")
    raw["compute"] = {"device": "cpu", "precision": "float32", "checkpoint_minutes": 1}
    assert Plan(raw).experiments.run("tiny", "small") == plain
    raw["compute"] = {"device": "gpu"}
    assert "compute.device: got 'gpu'; input should be 'auto', 'cpu' or 'cuda'" in said(raw)


def test_only_jobs_on_a_gpu_ask_for_one():
    assert Compute(device="cuda").asks_for_gpu()
    assert not Compute(device="cpu").asks_for_gpu()


@pytest.mark.parametrize(
    "model",
    [
        {"kind": "resnet", "depth": 34, "width": 4},
        {"kind": "densenet", "depth": 22, "growth_rate": 5, "bottleneck": True}
        | {"compression": 0.5},
        {"kind": "densenet", "depth": 10, "growth_rate": 6},
    ],
)
@pytest.mark.parametrize("bfloat16", [False, True])
def test_the_size_of_the_snapshots(raw, experiment, model, bfloat16):
    experiment["model"] = model
    experiment["snapshots"] |= {"bfloat16": bfloat16, "evenly_spaced": 400}
    experiment["iterations"] = 399
    del experiment["epochs"]
    plan = Plan(raw)
    numbers = len(
        state.flatten(initial.from_spec(plan.experiments.run("tiny", "small")["model"], 1, 10))
    )
    # Two replicates in one job.
    assert plan.experiments.snapshots_mb("tiny", "0-1") == -(
        -2 * 400 * numbers * (2 if bfloat16 else 4) // 10**6
    )


def test_the_published_networks_sizes():
    from sparsestep.images.models import densenet, resnet

    def megabytes(spec, classes):
        return 4 * spec.numbers(3, classes) / 1e6

    # ResNet-18: 11.17 million parameters and 9600 running statistics.
    assert megabytes(resnet.Spec(kind="resnet", depth=18), 10) == pytest.approx(44.7, abs=0.05)
    small = densenet.Spec(kind="densenet", depth=100, growth_rate=12)
    # DenseNet-100-12: 7.0 million, without bottleneck and compression.
    assert megabytes(small, 10) == pytest.approx(28.4, abs=0.05)


def test_an_epoch_may_be_one_batch(raw, experiment):
    experiment["problem"]["batch_size"] = 70
    assert config.load(raw).experiments["tiny"].iterations == 3


def test_epochs_and_iterations_of_images(raw, experiment):
    experiment["problem"]["batch_size"] = 16
    # 70 images are 4 whole batches and a rest.
    per_epoch = config.load(raw).experiments["tiny"].problem.iterations_per_epoch
    assert config.load(raw).experiments["tiny"].iterations == 3 * per_epoch
    del experiment["epochs"]
    experiment["iterations"] = 7
    assert config.load(raw).experiments["tiny"].iterations == 7
    del experiment["iterations"]
    with pytest.raises(ConfigError, match=r"^experiments\.tiny\.epochs: missing"):
        config.load(raw)


def test_edges_of_networks_on_images_are_refused_where_they_stand(raw, experiment):
    experiment["edge"] = {"horizon": 0.5}
    experiment["runs"]["second"] = copy.deepcopy(experiment["runs"]["small"])
    experiment["runs"]["second"]["schedule"]["step_size"] = {"of_edge": 0.5}
    with pytest.raises(ConfigError) as caught:
        config.load(raw)
    assert str(caught.value).splitlines() == [
        "experiments.tiny.edge: edges of networks on images are not searched for; leave it out",
        "experiments.tiny.runs.second.schedule.step_size: must be a number: edges of networks on "
        "images are not searched for",
    ]


@pytest.mark.parametrize(("batch", "last", "is_fine"), [(1, 1, False), (2, 1, True), (1, 2, True)])
def test_batch_norm_needs_two_numbers_of_each_channel(raw, experiment, batch, last, is_fine):
    checked = config.load(raw).experiments["tiny"]
    of_batch = checked.problem.model_copy(update={"batch_size": batch})
    model = SimpleNamespace(last_size=lambda size: last)
    mistakes = Mistakes()
    shown = SimpleNamespace(problem=of_batch, model=model)
    assert checked.family.network(shown, mistakes) is model
    assert [path for path, _ in mistakes] == ([] if is_fine else [("problem", "batch_size")])
