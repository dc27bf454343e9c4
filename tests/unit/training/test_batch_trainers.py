"""Compiled SGD on batches, with momentum and decay, against autograd and torch.optim.SGD."""

import dataclasses
import inspect

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsestep import algorithms, models
from sparsestep.artifacts.arrays import Problem
from sparsestep.training import (
    batch_diagonal,
    batch_lanes,
    batch_mlp,
    batch_two_layer_lanes,
    diagonal,
    mlp,
    mlp_descent,
)
from sparsestep.training.updates import samples_of

T = 25
SEEDS = {"data_seed": 0, "init_seed": 0, "order_seed": 0, "vary": ["init", "order"]}
DIAGONAL = {"kind": "diagonal", "u": 0.3, "v": -0.2}


def mlp_of(widths, biases):
    return {"kind": "mlp", "widths": widths, "biases": biases, "weight_scales": [0.5] * len(biases)}


def problem_for(model, replicates, samples, inputs, seed=0, iterations=T):
    """Random data that all share; starts and orders of each replicate's own."""
    stream = np.random.RandomState(seed)
    network = models.from_spec(model, inputs)
    starts = np.stack([network.initial_parameters(start) for start in range(replicates)])
    return Problem(
        x_train=stream.standard_normal((1, samples, inputs)),
        y_train=stream.standard_normal((1, samples)),
        x_test=stream.standard_normal((1, 2, inputs)),
        y_test=stream.standard_normal((1, 2)),
        theta0=starts,
        order=stream.randint(samples, size=(replicates, iterations)).astype(np.int32),
        spec={"problem": SEEDS, "replicates": [0, replicates - 1]},
    )


def trainer_of(model):
    return batch_diagonal if model["kind"] == "diagonal" else batch_mlp


def trained(problem, model, algorithm, eta=0.01, threads=1):
    spec = {"model": model, "algorithm": algorithm}
    replicates, iterations = problem.order.shape
    steps = np.full((replicates, iterations), eta)
    return trainer_of(model).train(problem, spec, steps, np.arange(iterations), threads)


def outputs(model, theta, x):
    """h(x) of a network in torch, from its definition."""
    if model["kind"] == "diagonal":
        u, v = theta.reshape(2, -1)
        return x @ (u * v)
    sizes, at = [x.shape[1], *model["widths"], 1], 0
    for layer, has_bias in enumerate(model["biases"]):
        count = sizes[layer] * sizes[layer + 1]
        x = x @ theta[at : at + count].reshape(sizes[layer + 1], sizes[layer]).T
        at += count
        if has_bias:
            x = x + theta[at : at + sizes[layer + 1]]
            at += sizes[layer + 1]
        x = torch.relu(x) if layer < len(model["widths"]) else x
    return x[:, 0]


def by_torch(problem, model, algorithm, row, eta=0.01):
    """The path of a replicate by torch.optim.SGD, a tensor and an update at a time."""
    options = algorithms.from_spec(algorithm)
    theta = torch.tensor(problem.of_replicate("theta0", row).copy(), requires_grad=True)
    optimiser = torch.optim.SGD(
        [theta],
        lr=eta,
        momentum=options.momentum,
        nesterov=options.nesterov,
        weight_decay=options.weight_decay,
    )
    x, y = (torch.tensor(problem.of_replicate(name, row)) for name in ("x_train", "y_train"))
    factor = 0.5 if model["kind"] == "diagonal" else 1.0
    samples, path = samples_of(problem, options, row), []
    for t in range(problem.order.shape[1]):
        path.append(theta.detach().numpy().copy())
        index, noise = samples.take(t, 1)
        labels = y[index[0].astype(int)] + (torch.tensor(noise[0]) if noise.size else 0)
        residuals = outputs(model, theta, x[index[0].astype(int)]) - labels
        optimiser.zero_grad()
        (factor * (residuals**2).mean()).backward()
        optimiser.step()
    return np.array(path)


MODELS = [
    DIAGONAL,
    mlp_of([7], [True, False]),
    mlp_of([3], [False, False]),
    mlp_of([5, 4], [True, True, True]),
    mlp_of([3, 4, 2], [True, False, True, False]),
]
# Each is compiled once a model, precision and way of batches.
options_of_momentum = st.sampled_from(
    [
        {},
        {"momentum": 0.9},
        {"momentum": 0.5, "weight_decay": 0.03},
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.03},
    ]
)
options_of_batches = st.fixed_dictionaries(
    {
        "kind": st.just("batch_sgd"),
        "batch_size": st.integers(1, 9),
        "sampling": st.sampled_from(["replacement", "epochs"]),
        "label_noise": st.sampled_from([0.0, 0.2]),
    }
)
ALGORITHMS = st.one_of(
    st.tuples(options_of_batches, options_of_momentum).map(lambda two: {**two[0], **two[1]}),
    options_of_momentum.map(lambda of: {"kind": "momentum_gd", **of}),
)


@settings(max_examples=25, deadline=None)
@given(
    model=st.sampled_from(MODELS),
    algorithm=ALGORITHMS,
    samples=st.integers(9, 13),
    inputs=st.integers(1, 10),
    seed=st.integers(0, 1000),
)
def test_as_torch_computes_it(model, algorithm, samples, inputs, seed):
    problem = problem_for(model, 10, samples, inputs, seed)
    found, diverged_at = trained(problem, model, algorithm)
    assert (diverged_at == -1).all()
    for row in (0, 7, 9):
        expected = by_torch(problem, model, algorithm, row)
        np.testing.assert_allclose(found[row], expected, rtol=1e-12, atol=1e-13)


MOMENTUM = {"kind": "batch_sgd", "batch_size": 4, "momentum": 0.9, "weight_decay": 0.01}
MOMENTUM |= {"label_noise": 0.1}


@pytest.mark.parametrize("model", MODELS[:2])
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_the_same_bits_in_any_company_and_for_any_number_of_threads(model, precision):
    if (model["kind"], precision) == ("diagonal", "float32"):
        pytest.skip("diagonal networks are trained in float64")
    algorithm = MOMENTUM | {"precision": precision}
    problem = problem_for(model, 19, 12, 3)
    found, _ = trained(problem, model, algorithm)
    np.testing.assert_array_equal(found, trained(problem, model, algorithm, threads=3)[0])
    for row in (0, 5, 18):
        parts = {"theta0": problem.theta0[row : row + 1], "order": problem.order[row : row + 1]}
        spec = {**problem.spec, "replicates": [row, row]}
        alone = dataclasses.replace(problem, spec=spec, **parts)
        np.testing.assert_array_equal(trained(alone, model, algorithm)[0][0], found[row])


def test_in_float32_it_is_near():
    model = MODELS[3]
    problem = problem_for(model, 3, 12, 3)
    exact, _ = trained(problem, model, MOMENTUM)
    found, _ = trained(problem, model, MOMENTUM | {"precision": "float32"})
    np.testing.assert_array_equal(found, found.astype(np.float32))
    assert 1e-9 < np.abs(found - exact).max() < 1e-5


@pytest.mark.parametrize(("model", "plain"), [(DIAGONAL, diagonal), (MODELS[1], mlp)])
def test_a_batch_of_one_is_what_sgd_does(model, plain):
    problem = problem_for(model, 9, 12, 3)
    steps, every = np.full((9, T), 0.01), np.arange(T)
    spec = {"model": model, "algorithm": {"kind": "sgd"}}
    expected, _ = plain.train(problem, spec, steps, every, 1)
    found, _ = trained(problem, model, {"kind": "batch_sgd", "batch_size": 1})
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def test_all_samples_without_momentum_are_gradient_descent():
    model = MODELS[3]
    problem = problem_for(model, 9, 12, 3)
    steps, every = np.full((9, T), 0.01), np.arange(T)
    spec = {"model": model, "algorithm": {"kind": "gd"}}
    expected, _ = mlp_descent.train(problem, spec, steps, every, 1)
    found, _ = trained(problem, model, {"kind": "momentum_gd"})
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("model", MODELS[:2])
def test_only_the_replicates_that_diverge_stop(model):
    problem = problem_for(model, 10, 12, 3, iterations=400)
    starts = problem.theta0.copy()
    starts[[2, 7]] *= 40.0
    problem = dataclasses.replace(problem, theta0=starts)
    algorithm = {"kind": "batch_sgd", "batch_size": 5, "momentum": 0.5}
    found, diverged_at = trained(problem, model, algorithm, eta=0.02)
    assert (diverged_at >= 0).tolist() == [row in (2, 7) for row in range(10)]
    for row in (0, 9):
        expected = by_torch(problem, model, algorithm, row, eta=0.02)
        np.testing.assert_allclose(found[row], expected, rtol=1e-7, atol=1e-9)
    for row in (2, 7):
        # Before this update the residual is beyond the bound, and it was not before the last.
        at, limit = diverged_at[row], 1e100
        samples = samples_of(problem, algorithms.from_spec(algorithm), row)
        index, _ = samples.take(0, at + 1)
        x, y = problem.x_train[0], problem.y_train[0]
        beyond = []
        for t in (at - 1, at):
            h = models.from_spec(model, 3).predict(found[row, t][None], x[index[t]])[0]
            beyond.append(bool(np.abs(h - y[index[t]]).max() >= limit))
        assert beyond == [False, True]


def test_few_snapshots_and_blocks_of_any_length_change_nothing(monkeypatch):
    model = MODELS[1]
    problem = problem_for(model, 9, 12, 3)
    every, _ = trained(problem, model, MOMENTUM)
    monkeypatch.setattr("sparsestep.training.updates._BLOCK", 100)
    spec, steps = {"model": model, "algorithm": MOMENTUM}, np.full((9, T), 0.01)
    few, _ = batch_mlp.train(problem, spec, steps, np.array([0, 3, 20]), 2)
    np.testing.assert_array_equal(few, every[:, [0, 3, 20]])


def test_step_sizes_are_each_replicates_own():
    model = MODELS[1]
    problem = problem_for(model, 9, 12, 3)
    spec, every = {"model": model, "algorithm": MOMENTUM}, np.arange(T)
    steps = np.linspace(0.001, 0.02, 9)[:, None] * np.linspace(1.0, 0.5, T)
    found, _ = batch_mlp.train(problem, spec, steps, every, 1)
    again, _ = batch_mlp.train(problem, spec, np.tile(steps[4], (9, 1)), every, 1)
    np.testing.assert_array_equal(found[4], again[4])
    assert not np.array_equal(found[3], again[3])


@pytest.mark.parametrize("inputs", [1, 2, 7])
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_one_hidden_layer_has_the_bits_of_any_depth(inputs, precision, monkeypatch):
    algorithm = MOMENTUM | {"precision": precision, "batch_size": 5}
    for model in MODELS[1:3]:
        problem = problem_for(model, 9, 12, inputs)
        found, _ = trained(problem, model, algorithm)
        with monkeypatch.context() as patched:
            patched.setattr(batch_mlp, "batch_two_layer_lanes", batch_lanes)
            general, _ = trained(problem, model, algorithm)
        np.testing.assert_array_equal(found, general)


def test_kernels_that_call_nothing_of_each_other_have_the_same_parts():
    def source(module, name):
        return inspect.getsource(getattr(module, name).py_func)

    for name in ("_look_up", "_explodes", "_stop_exploded", "_scale", "_step"):
        assert source(batch_lanes, name) == source(batch_two_layer_lanes, name)
    assert source(batch_lanes, "_step") == source(batch_diagonal, "_step")
