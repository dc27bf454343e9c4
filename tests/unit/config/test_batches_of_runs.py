"""Batches, momentum and decay in config.yaml: ids, and what is refused before the first job."""

import copy

import pytest

from sparsestep import config
from sparsestep.errors import ConfigError
from sparsestep.plan import Plan
from unit.config.test_sweep_points import TEACHER


def raw(**algorithm):
    teacher = copy.deepcopy(TEACHER)
    run = {"algorithm": algorithm, "schedule": {"kind": "constant", "step_size": 0.1}}
    return {"experiments": {"teacher": {**teacher, "runs": {"one": run}}}}


def spec(**algorithm):
    return Plan(raw(**algorithm)).experiments.run("teacher", "one")


def test_defaults_are_those_of_before():
    for kind, options in (("sgd", {"batch_size": 1, "sampling": "replacement"}), ("gd", {})):
        plain = spec(kind=kind)
        assert spec(kind=kind, momentum=0.0, nesterov=False, weight_decay=0.0, **options) == plain
        assert plain["algorithm"]["kind"] == kind


def test_one_option_makes_another_run():
    for option in ({"batch_size": 2}, {"momentum": 0.5}, {"weight_decay": 0.1}, {"label_noise": 1}):
        found = spec(kind="sgd", **option)
        assert found["algorithm"]["kind"] == "batch_sgd"
        assert found != spec(kind="sgd")
        assert found["algorithm"] | option == found["algorithm"]
    assert spec(kind="gd", momentum=0.5)["algorithm"]["kind"] == "momentum_gd"


WRONG = [
    ({"kind": "sgd", "batch_size": 0}, "batch_size: got 0; input should be greater than 0"),
    (
        {"kind": "sgd", "batch_size": 7, "sampling": "epochs"},
        "batch_size: got 7, more than the 6 t",
    ),
    ({"kind": "sgd", "momentum": 1.0}, "momentum: got 1.0; input should be less than 1"),
    ({"kind": "sgd", "nesterov": True}, "nesterov: got True; needs a momentum, as momentum: 0.9"),
    ({"kind": "sgd", "weight_decay": -1}, "weight_decay: got -1; input should be greater than or"),
    (
        {"kind": "gd", "batch_size": 2},
        "batch_size: unknown key, got 'batch_size'; valid: kind, mom",
    ),
    (
        {"kind": "batch_sgd", "batch_size": 2},
        "kind: unknown algorithm, got 'batch_sgd'; valid: sgd",
    ),
]


@pytest.mark.parametrize(("algorithm", "line"), WRONG)
def test_one_line_says_what_is_wrong(algorithm, line):
    with pytest.raises(ConfigError) as caught:
        config.load(raw(**algorithm))
    found = str(caught.value).split("\n")
    assert len(found) == 1
    assert found[0].startswith(f"experiments.teacher.runs.one.algorithm.{line}"), found


@pytest.mark.parametrize(("algorithm", "line"), WRONG)
def test_sweeps_over_step_size_and_duration_say_the_same(algorithm, line):
    content = raw(kind="sgd")
    schedule = {"kind": "step_decay", "divide_by": 2}
    mine = {"experiment": "teacher", "replicates": 2, "algorithm": algorithm, "schedule": schedule}
    mine |= {"step_size": [0.1], "decay_at": [0.5], "measure": {"losses": None}}
    with pytest.raises(ConfigError) as caught:
        config.load(content | {"sweeps": {"mine": mine}})
    (found,) = str(caught.value).split("\n")
    assert found.startswith(f"sweeps.mine.algorithm.{line}")


def test_losses_are_kept_and_followed_by_nothing():
    """What follows a run is a form of plain SGD."""
    experiment = raw(kind="sgd", batch_size=2, momentum=0.5, log_loss=True)
    config.load(experiment)
    runs = experiment["experiments"]["teacher"]["runs"]
    runs["other"] = {"algorithm": {"kind": "sde", "of": "one"}}
    with pytest.raises(ConfigError) as caught:
        config.load(experiment)
    assert str(caught.value) == (
        "experiments.teacher.runs.other.algorithm.of: got 'one', a run with momentum and "
        "batch_size; must be one with `algorithm: {kind: sgd, log_loss: true}` alone"
    )


def test_as_many_as_there_are_samples_are_an_epoch():
    config.load(raw(kind="sgd", batch_size=6, sampling="epochs"))
    config.load(raw(kind="sgd", batch_size=7))


# Problems whose number of training samples is no option: twelve points; of 100 rows of two kinds of
# iris 50, or 20.
CLASSES = {"kind": "table", "dataset": "iris", "task": "classes", "labels": ["setosa", "virginica"]}
COUNTED = [
    ({"kind": "kink_regression", "init_seed": 3, "n_fresh": 9}, 12),
    (CLASSES | {"test": {"share": 0.5}}, 50),
    (CLASSES | {"rows": 20}, 20),
    ({"kind": "given_data", "x": [[1.0], [2.0], [3.0]], "y": [1.0, 2.0, 2.5], "data_seed": 0}, 3),
]


@pytest.mark.parametrize(("problem", "samples"), COUNTED)
def test_an_epoch_of_any_problem_has_no_more_than_its_samples(problem, samples):
    def given(size):
        experiment = raw(kind="sgd", batch_size=size, sampling="epochs")
        of_teacher = experiment["experiments"]["teacher"]
        of_teacher["problem"] = {**problem, "order_seed": 0}
        of_teacher["measure"] = {"losses": None}
        return experiment

    config.load(given(samples))
    with pytest.raises(ConfigError) as caught:
        config.load(given(samples + 1))
    text = f"batch_size: got {samples + 1}, more than the {samples} training samples that an epoch"
    assert str(caught.value).startswith(f"experiments.teacher.runs.one.algorithm.{text}")
