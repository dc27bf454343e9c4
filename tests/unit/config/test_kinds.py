"""The kinds that a message calls valid are those that go with the rest of the experiment."""

import copy

import pytest

from conftest import TINY
from sparsestep import config
from sparsestep.config import families
from sparsestep.errors import ConfigError
from unit.config.test_config_images import IMAGES

SMALL = "sgd, gd, label_noise_gd, gd_on_noisy_labels, sde, adam, adamw, rmsprop, sign_descent"
OF_VECTORS = {"kind": "sparse_regression", "n_train": 6, "n_test": 30, "dimension": 8, "support": 2}
OF_VECTORS |= {"data_seed": 0, "order_seed": 1}
PERCEPTRON = {"kind": "mlp", "widths": [3], "biases": [True, True], "weight_scales": [1.0, 1.0]}


def told(experiment):
    with pytest.raises(ConfigError) as caught:
        config.load({"experiments": {"one": experiment}})
    return str(caught.value).split("\n")


def small(**change):
    return copy.deepcopy(TINY["experiments"]["first"]) | {"claims": {}} | change


def images(**change):
    return copy.deepcopy(IMAGES) | change


RUN = {"schedule": {"kind": "constant", "step_size": 0.01}}
ONE_RUN = {"one": {**RUN, "algorithm": {"kind": "lion"}}}
NOT_OF_IMAGES = {"one": {**RUN, "algorithm": {"kind": "sgd"}}}
UNKNOWN = "experiments.one.runs.one.algorithm.kind: unknown algorithm, got"
MIXED = "experiments.one.model.kind: got"


@pytest.mark.parametrize(
    ("experiment", "line"),
    [
        (small(runs=ONE_RUN), f"{UNKNOWN} 'lion'; valid: {SMALL}"),
        (images(runs=ONE_RUN), f"{UNKNOWN} 'lion'; valid: minibatch_sgd"),
        (
            images(runs=NOT_OF_IMAGES),
            f"{UNKNOWN} 'sgd'; valid: minibatch_sgd",
        ),
        (
            images(runs={"one": RUN}),
            "experiments.one.runs.one.algorithm: missing; valid kinds: minibatch_sgd",
        ),
        (
            small(runs={"one": {**RUN, "algorithm": {"variance": 1}}}),
            f"experiments.one.runs.one.algorithm.kind: missing; valid: {SMALL}",
        ),
        (
            small(problem={"kind": "imagenet"}),
            "experiments.one.problem.kind: unknown problem, got 'imagenet'; valid: "
            "sparse_regression, kink_regression, teacher_student, given_data, table, noisy_curve",
        ),
        (
            images(problem={"kind": "mnist"}),
            "experiments.one.problem.kind: unknown problem, got 'mnist'; valid: images",
        ),
        (
            images(model={"kind": "vgg"}),
            "experiments.one.model.kind: unknown model, got 'vgg'; valid: densenet, resnet",
        ),
        (
            small(model={"u": 0.1}),
            "experiments.one.model.kind: missing; valid: diagonal, mlp",
        ),
    ],
)
def test_kinds_called_valid(experiment, line):
    got = told(experiment)
    assert [each.removesuffix(" (did you mean 'images'?)") for each in got] == [line]


@pytest.mark.parametrize(
    ("experiment", "text"),
    [
        (images(model=PERCEPTRON), "'mlp', which takes vectors; valid here: densenet, resnet"),
        (images(problem=OF_VECTORS), "'resnet', which takes images; valid here: diagonal, mlp"),
        (small(model=IMAGES["model"]), "'resnet', which takes images; valid here: diagonal, mlp"),
        (
            small(problem=IMAGES["problem"]),
            "'diagonal', which takes vectors; valid here: densenet, resnet",
        ),
    ],
)
def test_families_that_do_not_go_together_are_told_once(experiment, text):
    assert told(experiment) == [f"{MIXED} {text}"]


def test_families_that_do_not_go_together_are_told_first():
    broken = small(model=IMAGES["model"], runs=ONE_RUN, replicates=0, snapshots={"first": -1})
    first, *others = told(broken)
    assert first.startswith(f"{MIXED} 'resnet'")
    assert len(others) == 3
    assert others[-1].startswith(UNKNOWN)


def test_a_wrong_kind_hides_no_other_mistake():
    runs = {**ONE_RUN, "two": {**RUN, "schedule": {"kind": "constant", "step_size": -1}}}
    lines = told(small(runs=runs, replicates=0))
    starts = [line.split(": ")[0].removeprefix("experiments.one.") for line in lines]
    assert starts == ["runs.one.algorithm.kind", "replicates", "runs.two.schedule.step_size"]


def test_algorithms_of_runs_with_a_model_of_another_kind_are_told_with_that_model():
    unknown = {"algorithm": {"kind": "smd"}}
    runs = {
        "plain": unknown,
        "other": {"model": {"kind": "mlp"}, **unknown},
        "own": {"model": {"u": 1.0}, **unknown},
        "same": {"model": {"kind": "diagonal"}, **unknown},
        "none": None,
    }
    experiment = {"problem": {"kind": "sparse_regression"}, "model": {"kind": "diagonal"}}
    found = families.wrong_kinds({**experiment, "runs": runs})
    assert set(found) == {("runs", name, "algorithm", "kind") for name in ("plain", "own", "same")}
