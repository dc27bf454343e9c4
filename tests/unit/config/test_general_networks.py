"""Networks with any activation and loss in config.yaml: ids as before, mistakes in one line."""

import pytest

from sparsestep import config
from sparsestep.errors import ConfigError
from sparsestep.plan import Plan

MLP = {"kind": "mlp", "widths": [4], "biases": [True, True], "weight_scales": [1.0, 1.0]}
STEP = {"kind": "constant", "step_size": 0.01}


def experiment(model=(), y=(1.0, -1.0, 1.0), algorithm="sgd", measure=("losses",), **changes):
    """Three samples whose labels stand in config.yaml."""
    problem = {"kind": "given_data", "x": [[0.5], [1.0], [2.0]], "y": list(y), "order_seed": 0}
    algorithm = {"kind": algorithm} if isinstance(algorithm, str) else algorithm
    one = {"replicates": 2, "iterations": 10, "problem": problem, "model": {**MLP, **dict(model)}}
    one |= {"runs": {"one": {"algorithm": algorithm, "schedule": STEP}}}
    return {**one, "measure": dict.fromkeys(measure), **changes}


def told(**given):
    with pytest.raises(ConfigError) as caught:
        config.load({"experiments": {"one": experiment(**given)}})
    return str(caught.value).splitlines()


NOISY = {"kind": "label_noise_gd", "variance": 1}
LOGISTIC = {"loss": "logistic"}
THREE = {"loss": "cross_entropy", "outputs": 3}
TEACHER = {
    "kind": "teacher_student",
    "n_train": 5,
    "n_test": 9,
    "dimension": 2,
    "n_fresh": 9,
    "teacher_widths": [2],
    "teacher_biases": False,
    "teacher_weights": "unit",
    "data_seed": 0,
    "order_seed": 0,
}


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            {"model": LOGISTIC, "y": (1.0, 0.5, -1.0)},
            "problem.y.1: got 0.5; labels of loss logistic must be -1 and 1, or 0 and 1",
        ),
        (
            {"model": LOGISTIC, "y": (1.0, 0.0, -1.0)},
            "problem.y.2: got -1; labels of loss logistic must be -1 and 1, or 0 and 1",
        ),
        (
            {"model": THREE, "y": (2.0, 0.0, 3.0)},
            "problem.y.2: got 3; labels of loss cross_entropy must be whole numbers from 0 to 2",
        ),
        (
            {"model": {"loss": "cross_entropy"}, "y": (0.0, 1.0, 0.0)},
            "model.outputs: got 1; must be the number of classes, 2 or more, with loss "
            "cross_entropy",
        ),
        ({"model": {"outputs": 3}}, "model.outputs: got 3; must be 1 with loss squared"),
        (
            {"model": LOGISTIC, "problem": TEACHER},
            "model.loss: got 'logistic', and the labels of problem teacher_student are real "
            "numbers; valid: squared",
        ),
        (
            {"model": LOGISTIC, "algorithm": {"kind": "sgd", "log_loss": True}},
            "runs.one.algorithm.log_loss: is for the squared loss alone, and model.loss is "
            "logistic; leave it out",
        ),
        (
            {"model": LOGISTIC, "algorithm": {"kind": "sgd", "label_noise": 0.1}},
            "runs.one.algorithm.label_noise: is for the squared loss alone, and model.loss is "
            "logistic; leave it out",
        ),
        (
            {"algorithm": {"kind": "adam", "batch_size": "all", "sampling": "epochs"}},
            "runs.one.algorithm: got {'kind': 'adam', 'batch_size': 'all', 'sampling': 'epochs'}; "
            "sampling is of batches, and batch_size is all; leave it out",
        ),
        (
            {"model": {"activation": "tanh"}, "algorithm": NOISY},
            "runs.one.algorithm.kind: got 'label_noise_gd', which does not train networks of this "
            "kind with model.activation; algorithms that do: sgd, gd, adam, adamw, rmsprop, "
            "sign_descent, muon",
        ),
        (
            {"model": {"activation": "tanh"}, "measure": ["feature_sparsity"]},
            "measure.feature_sparsity: counts activations that are not zero, and those of tanh "
            "hardly ever are; valid: model.activation relu",
        ),
        (
            {"model": {"activation": "tanh"}, "measure": ["errors"]},
            "measure.errors: is for classes, and model.loss is squared; valid: logistic, "
            "cross_entropy",
        ),
        (
            {"model": LOGISTIC, "measure": ["label_noise"]},
            "measure.label_noise: is for the squared loss, and model.loss is logistic",
        ),
        (
            {"model": THREE, "y": (0.0, 1.0, 2.0), "edge": {"survive": "alive"}},
            "edge.survive: got 'alive'; with several outputs valid: finite",
        ),
        (
            {"model": {"activation": "tanh"}, "measure": ["jacobian_rank"]},
            "measure.jacobian_rank: needs the problem's x_fresh, got 'given_data'; valid problems: "
            "kink_regression, teacher_student, table, noisy_curve",
        ),
        (
            {"model": {"activation": "sine"}},
            "model.activation: got 'sine'; input should be 'relu', 'leaky_relu', 'tanh', 'gelu', "
            "'silu' or 'identity'",
        ),
        (
            {"algorithm": {"kind": "adam", "betas": [0.9, 1.0]}},
            "runs.one.algorithm.betas.1: got 1.0; input should be less than 1",
        ),
        (
            {"algorithm": {"kind": "adam", "batch_size": 0}},
            "runs.one.algorithm.batch_size: got 0; must be a whole number from 1 on, or all",
        ),
        (
            {"algorithm": {"kind": "adam", "batch_size": "al"}},
            "runs.one.algorithm.batch_size: got 'al'; must be a whole number from 1 on, or all",
        ),
        (
            {"algorithm": {"kind": "muon", "batch_size": 1.5}},
            "runs.one.algorithm.batch_size: got 1.5; must be a whole number from 1 on, or all",
        ),
    ],
)
def test_mistakes_are_one_line(given, line):
    assert told(**given) == [f"experiments.one.{line}"]


@pytest.mark.parametrize(
    "given",
    [
        {"model": LOGISTIC, "measure": ["losses", "errors", "dead", "sharpness"]},
        {"model": LOGISTIC, "y": (0.0, 1.0, 1.0)},
        {"model": {"loss": "cross_entropy", "outputs": 2}},
        {"model": {**THREE, "activation": "gelu"}, "y": (0.0, 1.0, 2.0), "algorithm": "muon"},
        {"algorithm": {"kind": "adam", "batch_size": "all", "precision": "float32"}},
    ],
)
def test_what_goes_together(given):
    config.load({"experiments": {"one": experiment(**given)}})


def test_a_model_without_further_options_is_the_compiled_one():
    plan = Plan({"experiments": {"one": experiment(), "two": experiment({"activation": "relu"})}})
    one, two = (plan.experiments.run(name, "one") for name in ("one", "two"))
    assert one == two
    assert one["model"]["kind"] == "mlp"
    assert set(one["model"]) == {*MLP, "first_weights", "bias_scale"}


def test_no_test_error_without_a_test_set():
    plan = Plan({"experiments": {"one": experiment(LOGISTIC, measure=["losses", "errors"])}})
    assert list(plan.experiments.columns("one")) == ["train_loss", "train_error"]
