"""Small networks in float32: against plain loops, torch, and the published runs."""

import dataclasses

import numpy as np
import oracles
import pytest
from descents import ALGORITHMS, MODELS, make_losses, make_problem, make_spec, slow_descent
from published_relu import SPECS, make

from conftest import ROOT
from sparsestep import schedules
from sparsestep.measures import measure
from sparsestep.models import mlp
from sparsestep.training import precision, train

RELU = {name: model for name, model in MODELS.items() if model["kind"] == "mlp"}
NETWORKS = {**RELU, "flat": {**MODELS["wide"], "biases": [False, False]}}


def in_float32(spec):
    return {**spec, "algorithm": {**spec["algorithm"], "precision": "float32"}}


def make_sgd(model, iterations, replicates, d=3, step_size=0.03):
    """A problem, and a spec of SGD in float32."""
    problem = make_problem(model, 6, d, replicates, iterations)
    return problem, in_float32(make_spec(model, {"kind": "sgd"}, iterations, step_size))


def by_oracle(oracle, problem, spec, row):
    network = mlp.Network(mlp.Spec(**spec["model"]), problem.x_train.shape[-1])
    names = ("theta0", "x_train", "y_train", "order")
    arrays = [getattr(problem, name)[row] for name in names]
    step_sizes = schedules.from_spec(spec["schedule"]).step_sizes(spec["iterations"])
    return oracle(*arrays, step_sizes, network.shapes)


@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("model", NETWORKS)
def test_kernel_is_the_plain_loop_to_the_bit(model, d):
    problem, spec = make_sgd(NETWORKS[model], 60, 2, d)
    found = train(problem, spec).parameters
    for row in range(2):
        expected = by_oracle(oracles.sgd_in_float32, problem, spec, row)
        np.testing.assert_array_equal(found[row], expected)


@pytest.mark.parametrize("model", NETWORKS)
def test_kernel_is_torch_to_a_few_roundings(model):
    problem, spec = make_sgd(NETWORKS[model], 20, 1)
    expected = by_oracle(oracles.sgd_of_torch, problem, spec, 0)
    size = np.abs(expected).max()
    assert np.abs(train(problem, spec).parameters[0] - expected).max() < 8 * size * 2**-24


def test_float32_is_not_float64_and_the_default_is():
    problem, spec = make_sgd(MODELS["deep"], 60, 2)
    single = train(problem, spec).parameters
    assert single.dtype == np.float64
    np.testing.assert_array_equal(single, single.astype(np.float32))
    double = {**spec, "algorithm": {"kind": "sgd", "precision": "float64"}}
    default = train(problem, {**spec, "algorithm": {"kind": "sgd"}}).parameters
    np.testing.assert_array_equal(train(problem, double).parameters, default)
    assert (default[:, 1:] != default[:, 1:].astype(np.float32)).any()
    np.testing.assert_allclose(single, default, rtol=1e-4, atol=1e-5)


def test_neither_threads_nor_batch_matter():
    # More than the sixteen lanes of a vector.
    problem, spec = make_sgd(MODELS["deep"], 80, 19)
    one, three = (train(problem, spec, threads).parameters for threads in (1, 3))
    assert one.tobytes() == three.tobytes()
    names = ("x_train", "y_train", "x_test", "y_test", "theta0", "order")
    for row in (0, 9, 18):
        part = {name: getattr(problem, name)[row : row + 1] for name in names}
        alone = train(dataclasses.replace(problem, **part), spec).parameters
        assert alone[0].tobytes() == one[row].tobytes()


def test_step_sizes_may_differ_between_replicates():
    problem, spec = make_sgd(MODELS["shallow"], 30, 3)
    spec["schedule"] = {"kind": "constant", "step_size": {"of_edge": 1.0}}
    edges = np.array([0.01, 0.02, 0.03])
    found = train(problem, spec, 1, edges).parameters
    for row, edge in enumerate(edges):
        same = {**spec, "schedule": {"kind": "constant", "step_size": float(edge)}}
        np.testing.assert_array_equal(found[row], train(problem, same).parameters[row])


def test_logged_losses_leave_the_bits_alone():
    # Longer than a block of the log.
    problem, spec = make_sgd(MODELS["deep"], 1203, 2)
    logged = train(problem, {**spec, "algorithm": {**spec["algorithm"], "log_loss": True}})
    np.testing.assert_array_equal(logged.parameters, train(problem, spec).parameters)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("model", RELU)
def test_full_batch_descent_is_the_formula(model, algorithm):
    model, algorithm, iterations = RELU[model], ALGORITHMS[algorithm], 6
    problem = make_problem(model, 19, 3, 2, iterations)
    other = make_losses(problem) if "of" in algorithm else None
    spec = make_spec(model, algorithm, iterations)
    single = train(problem, in_float32(spec), 1, None, other).parameters
    np.testing.assert_array_equal(single, single.astype(np.float32))
    assert (single[:, -1] != train(problem, spec, 1, None, other).parameters[:, -1]).any()
    losses = None if other is None else other.train_loss
    for row in range(2):
        expected = slow_descent(problem, row, model, algorithm, iterations, 0.02, losses)
        np.testing.assert_allclose(single[row], expected, rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("algorithm", ["sgd", "gd"])
@pytest.mark.parametrize("model", RELU)
def test_a_residual_of_1e15_has_diverged(model, algorithm):
    problem = make_problem(RELU[model], 5, 3, 1, 9)
    problem.theta0[:] = np.abs(problem.theta0)
    problem.x_train[:] = np.abs(problem.x_train)
    network = mlp.Network(mlp.Spec(**RELU[model]), 3)
    output = network.predict(problem.theta0[0], problem.x_train[0]).min()
    # A step size of nothing: the residual is that of the start, the labels' size.
    spec = in_float32(make_spec(RELU[model], {"kind": algorithm}, 9, 1e-30))
    for factor, expected in ((0.9, -1), (1.1, 0)):
        problem.y_train[:] = -factor * 1e15
        assert output < 1e10
        assert train(problem, spec).diverged_at.tolist() == [expected]
    # In float64 that is far from it.
    assert train(problem, {**spec, "algorithm": {"kind": algorithm}}).diverged_at.tolist() == [-1]


def test_a_run_that_explodes_is_nan_from_there_on():
    problem, spec = make_sgd(MODELS["deep"], 40, 18, step_size=3.0)
    found = train(problem, spec)
    assert (found.diverged_at > 0).any()
    for parameters, at in zip(found.parameters, found.diverged_at, strict=True):
        finite = np.isfinite(parameters).all(axis=1)
        np.testing.assert_array_equal(finite, (found.iterations < at) | (at < 0))


def test_what_is_float64_is_not_copied():
    problem, spec = make_sgd(MODELS["wide"], 5, 1)
    assert precision.rounded(problem, {"algorithm": {"kind": "sgd"}}) is problem
    single = precision.rounded(problem, spec)
    assert {single.x_train.dtype, single.y_train.dtype, single.theta0.dtype} == {np.dtype("f4")}
    assert single.order is problem.order


WARM_UP = {"kind": "warmup_decay", "step_size": 0.04, "factor": 6.0, "exponent": 0.5}
# Decay and divisor; rank, sparsities in per cent, training and test loss.
PUBLISHED = {
    "decay-10": (0.1, 3.5, 150, 47.6, 31.2, 1.097e-3, 3.218e-2),
    "decay-30": (0.3, 2.5, 125, 37.8, 25.2, 1.005e-3, 2.477e-2),
    "decay-50": (0.5, 5.0, 102, 34.0, 18.2, 1.061e-3, 2.058e-2),
}


@pytest.mark.parametrize("run", PUBLISHED)
def test_the_published_three_layer_runs(run):
    """With inputs and labels as torch rounded them, chaotic runs end as published."""
    with np.load(ROOT / "tests" / "reference" / "relu_three_layer.npz") as arrays:
        reference = dict(arrays)
    decay_at, divide_by, rank, first, second, train_loss, test_loss = PUBLISHED[run]
    iterations = len(reference["order"])
    problem = make("relu_three_layer", iterations, (0, 0))
    problem = dataclasses.replace(
        problem,
        x_train=reference["x_train"][None].astype(float),
        y_train=reference["y_train"].reshape(1, -1).astype(float),
    )
    spec = {
        "model": SPECS["relu_three_layer"][1],
        "algorithm": {"kind": "sgd", "precision": "float32"},
        "schedule": {**WARM_UP, "decay_at": decay_at, "divide_by": divide_by},
        "iterations": iterations,
        "snapshots": {"first": 1, "evenly_spaced": 151},
        "replicates": [0, 0],
        "measure": {
            "losses": {},
            "jacobian_rank": {"threshold": 1e-4},
            "feature_sparsity": {"layers": 2, "correlation_threshold": 0.99},
        },
    }
    end = measure(problem, train(problem, spec), spec).iloc[-1]
    assert end["jacobian_rank"] == rank
    assert end["feature_sparsity_layer1"] == pytest.approx(first / 100)
    assert end["feature_sparsity_layer2"] == pytest.approx(second / 100)
    assert end["train_loss"] == pytest.approx(train_loss, rel=1e-3)
    assert end["test_loss"] == pytest.approx(test_loss, rel=1e-3)
