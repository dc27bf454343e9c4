"""Experiments from Python: what cannot be used is one line; the rest is as the stages do it."""

import numpy as np
import pandas as pd
import pytest

from sparsestep import interactive, measures, training
from sparsestep.artifacts.arrays import Trajectory
from sparsestep.errors import ConfigError
from sparsestep.interactive import calibrate, generate, measure, train
from sparsestep.plan import Plan
from sparsestep.training import edge, starts
from unit.config.test_config_images import IMAGES

OF_EDGE = {"kind": "constant", "step_size": {"of_edge": 0.9}}
LOSS_LOG = {"kind": "sgd", "log_loss": True}
SDE = {"kind": "sde", "of": "small", "noise": "none"}
EDGE = {"horizon": 0.5, "tolerance": 0.1, "survive": "finite"}


@pytest.fixture
def spec(tiny):
    run = Plan(tiny).experiments.run("first", "small")
    return {**run, "iterations": 40, "replicates": [0, 2], "measure": {"losses": {}}}


@pytest.fixture
def problem(spec):
    return generate(spec)


def line_of(call, *arguments, **others):
    with pytest.raises(ConfigError) as caught:
        call(*arguments, **others)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_right_is_what_the_stages_make(problem, spec):
    trained = train(problem, spec)
    np.testing.assert_array_equal(trained.parameters, training.train(problem, spec).parameters)
    expected = measures.measure(problem, trained, spec)
    pd.testing.assert_frame_equal(measure(problem, trained, spec), expected)


def test_a_run_in_units_of_its_edges(problem, spec):
    edges = calibrate(problem, {**spec, "edge": EDGE})
    np.testing.assert_array_equal(edges, edge.calibrate(problem, {**spec, "edge": EDGE}))
    trained = train(problem, {**spec, "schedule": OF_EDGE}, edges=edges)
    np.testing.assert_array_equal(trained.step_sizes[:, 0], edges * 0.9)


def test_a_run_that_follows_another(problem, spec):
    other = train(problem, {**spec, "algorithm": LOSS_LOG})
    assert isinstance(train(problem, {**spec, "algorithm": SDE}, other=other), Trajectory)


def test_defaults_of_a_problem_are_filled_in_for_what_reads_its_seeds(spec):
    """Noise on the labels and random points read seeds in the problem's spec."""
    block = {"kind": "kink_regression", "data_seed": 0, "order_seed": 1, "n_fresh": 13}
    model = {"kind": "mlp", "widths": [4], "biases": [True, True], "weight_scales": [1.0, 1.0]}
    bare = spec | {"problem": block, "model": model}
    bare["measure"] = {"jacobian_rank": {"random_points": True}}
    bare["algorithm"] = {"kind": "label_noise_gd", "variance": 0.1}
    problem = generate(bare)
    assert problem.spec["problem"]["init_seed"] == 0
    table = measure(problem, train(problem, bare), bare)
    assert {"jacobian_rank", "jacobian_rank_even"} <= set(table.columns)


def test_precision_that_the_model_is_not_trained_in(problem, spec):
    single = {**spec, "algorithm": {"kind": "sgd", "precision": "float32"}}
    for call, given in ((train, single), (calibrate, {**single, "edge": EDGE})):
        assert line_of(call, problem, given) == (
            "algorithm.precision: got 'float32'; networks of kind 'diagonal' are trained in: "
            "float64"
        )


def test_a_run_that_follows_another_for_fewer_iterations_than_there_are(problem, spec):
    short = {**spec, "iterations": 30}
    other = train(problem, {**short, "algorithm": LOSS_LOG})
    assert train(problem, {**short, "algorithm": SDE}, other=other).iterations.max() < 30
    longer = train(problem, {**spec, "algorithm": LOSS_LOG})
    line = line_of(train, problem, {**short, "algorithm": SDE}, other=longer)
    assert line.startswith("other: got losses of shape (3, 40); must be the trajectory of 'small'")
    assert "3 replicates and 30 iterations" in line


def test_edges_belong_to_a_step_size_in_units_of_them(problem, spec):
    relative = {**spec, "schedule": OF_EDGE}
    needed = "needs one of each of the 3 replicates, as `calibrate` returns them"
    for edges, got in (
        (None, "None"),
        (np.ones(2), "shape (2,)"),
        (np.ones((3, 1)), "shape (3, 1)"),
    ):
        line = line_of(train, problem, relative, edges=edges)
        assert line == f"edges: got {got}; a step size of {{'of_edge': 0.9}} {needed}"
    line = line_of(train, problem, spec, edges=np.ones(3))
    assert line == "edges: must be absent; the step size is a number"


def test_the_other_run_belongs_to_an_algorithm_that_follows_one(problem, spec):
    following = {**spec, "algorithm": SDE}
    assert line_of(train, problem, following).startswith(
        "other: got None; must be the trajectory of 'small', of the same 3 replicates and 40 "
    )
    without_losses = train(problem, spec)
    line = line_of(train, problem, following, other=without_losses)
    assert line.startswith("other: got losses of None; must be the trajectory of 'small'")
    heavy = train(
        problem, {**spec, "algorithm": {**LOSS_LOG, "kind": "batch_sgd", "momentum": 0.5}}
    )
    line = line_of(train, problem, following, other=heavy)
    assert line == "other: got a trajectory of 'batch_sgd'; must be one of plain SGD, as 'small' is"
    assert line_of(train, problem, spec, other=without_losses) == (
        "other: must be absent; sgd follows none"
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"schedule": {"kind": "constant", "step_sise": 0.1}}, "schedule.step_sise: unknown key; "),
        (
            {"schedule": {"kind": "constnt", "step_size": 0.1}},
            "unknown schedule 'constnt'; valid: ",
        ),
        ({"schedule": 0.1}, "schedule: got 0.1; must have a kind; valid: "),
        ({"algorithm": {"kind": "lion"}}, "unknown algorithm 'lion'; valid: "),
        ({"algorithm": {"kind": "minibatch_sgd"}}, "unknown trainer 'minibatch_sgd'; valid: "),
        ({"model": {"kind": "mlp"}}, "model."),
        ({"snapshots": {"evenly_spaced": 1}}, "snapshots.evenly_spaced: got 1; "),
        ({"snapshots": 3}, "snapshots: got 3; "),
        ({"iterations": 41}, "iterations: got 41; must be a whole number from 1 to 40, "),
        ({"iterations": 4.0}, "iterations: got 4.0; must be a whole number from 1 to 40, "),
    ],
)
def test_a_mistake_in_a_run(problem, spec, changes, line):
    assert line_of(train, problem, {**spec, **changes}).startswith(line)


def test_a_model_of_another_size_or_of_images(problem, spec):
    model = {"kind": "mlp", "widths": [7], "biases": [False, False], "weight_scales": [1.0, 1.0]}
    line = line_of(train, problem, {**spec, "model": model})
    assert line == "model: has 63 parameters, but the problem was generated for one of 16"
    images = Plan({"experiments": {"tiny": IMAGES}}).experiments.run("tiny", "small")
    line = line_of(train, problem, {**spec, "model": images["model"]})
    assert line.startswith(f"model: got {images['model']['kind']!r}, of networks on images, which ")


def test_keys_that_are_missing(problem, spec):
    del spec["schedule"], spec["algorithm"]
    assert line_of(train, problem, spec).startswith("the spec lacks algorithm, schedule; it must ")
    assert line_of(calibrate, problem, spec).startswith("the spec lacks algorithm, edge; it must ")


def test_a_mistake_in_what_is_measured(problem, spec):
    trained = train(problem, spec)
    wrong = {**spec, "measure": {"losses": {"x": 1}}}
    assert line_of(measure, problem, trained, wrong).startswith("measure.losses.x: got 1; ")
    wrong = {**spec, "measure": {"sharpnes": {}}}
    assert line_of(measure, problem, trained, wrong).startswith("unknown measure 'sharpnes'; ")
    wrong = {**spec, "replicates": [0, 3]}
    assert line_of(measure, problem, trained, wrong) == (
        "replicates: got [0, 3]; the trajectory has 3"
    )


@pytest.mark.parametrize("threads", [0, 1.5, None, True])
def test_threads_are_a_whole_number(problem, spec, threads):
    line = line_of(train, problem, spec, threads)
    assert line == f"threads: got {threads!r}; must be a whole number from 1 on"


def test_all_that_is_offered_is_there():
    assert all(callable(getattr(interactive, name)) for name in interactive.__all__)


def test_a_measurement_of_losses_that_were_not_kept(problem, spec):
    asked = {**spec, "measure": {"running_loss": {}}}
    said = line_of(measure, problem, train(problem, spec), asked)
    assert said.startswith(
        "measure.running_loss: the trajectory holds no losses; it must be trained"
    )
    logged = train(problem, {**spec, "algorithm": LOSS_LOG})
    assert measure(problem, logged, asked)["running_loss"].notna().any()


def test_starts_are_perturbed_where_the_algorithm_says_so(problem, spec):
    perturbed = {**spec, "algorithm": {"kind": "sgd", "perturbation": 1e-3}}
    trained = train(problem, perturbed)
    expected = starts.perturbed(problem, perturbed).theta0
    np.testing.assert_array_equal(trained.parameters[:, 0], expected)
    assert len(np.unique(expected, axis=0)) == 3
