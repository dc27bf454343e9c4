"""Full-batch descent on noisy labels against plain loops, laws that are known, and the identity."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsestep import registry
from sparsestep.artifacts.arrays import Problem
from sparsestep.training import full_batch, train

MODELS = {
    "diagonal": {"kind": "diagonal", "u": 0.1, "v": 0.0},
    "wide": {"kind": "mlp", "widths": [9], "biases": [True, False], "weight_scales": [1.0, 1.0]},
    "shallow": {
        "kind": "mlp",
        "widths": [3],
        "biases": [False, True],
        "weight_scales": [1.0, 1.0],
    },
    "deep": {
        "kind": "mlp",
        "widths": [4, 3],
        "biases": [True, False, True],
        "weight_scales": [1.0, 1.0, 1.0],
    },
}
ALGORITHMS = {
    "gd": {"kind": "gd"},
    "labels": {"kind": "label_noise_gd", "variance": 0.3},
    "sampling": {"kind": "gd_on_noisy_labels"},
    "isotropic": {"kind": "sde", "of": "sgd", "noise": "isotropic", "substeps": 3},
    "stronger": {"kind": "sde", "of": "sgd", "noise": "isotropic", "c": 0.8, "substeps": 2},
    "exact": {"kind": "sde", "of": "sgd", "noise": "exact", "substeps": 2},
    "flow": {"kind": "sde", "of": "sgd", "noise": "none", "substeps": 4},
}


def make_problem(model, n, d, replicates, iterations, seed=0):
    """Every replicate with data, initial parameters and order of its own."""
    rng = np.random.default_rng(seed)
    module = registry.load("model", model["kind"])
    count = module.Network(module.Spec(**model), d).initial_parameters(0).size
    seeds = {"data_seed": 0, "init_seed": 0, "order_seed": seed, "vary": ["order"]}
    return Problem(
        x_train=rng.standard_normal((replicates, n, d)),
        y_train=rng.standard_normal((replicates, n)),
        x_test=rng.standard_normal((replicates, 3, d)),
        y_test=rng.standard_normal((replicates, 3)),
        theta0=0.5 * rng.standard_normal((replicates, count)),
        order=rng.integers(n, size=(replicates, iterations)).astype(np.int32),
        spec={"problem": seeds, "replicates": [0, replicates - 1]},
    )


def make_spec(model, algorithm, iterations, step_size=0.02):
    return {
        "model": model,
        "algorithm": algorithm,
        "schedule": {
            "kind": "step_decay",
            "step_size": step_size,
            "decay_at": 0.5,
            "divide_by": 2.0,
        },
        "iterations": iterations,
        "snapshots": {"first": iterations, "evenly_spaced": 1},
    }


def run(problem, model, algorithm, iterations, step_size=0.02, threads=1):
    """Trajectory; what follows another run follows SGD with the same step sizes."""
    sgd = make_spec(model, {"kind": "sgd", "log_loss": True}, iterations, step_size)
    other = train(problem, sgd) if "of" in algorithm else None
    return train(problem, make_spec(model, algorithm, iterations, step_size), threads, None, other)


def output(model, theta, x):
    """h(x), written with torch."""
    if model["kind"] == "diagonal":
        u, v = theta.chunk(2)
        return x @ (u * v)
    sizes = [x.shape[1], *model["widths"], 1]
    start = 0
    for layer, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        weight = theta[start : start + inputs * outputs].reshape(outputs, inputs)
        start += weight.numel()
        bias = 0.0
        if model["biases"][layer]:
            bias = theta[start : start + outputs]
            start += outputs
        x = x @ weight.T + bias
        x = torch.relu(x) if layer < len(sizes) - 2 else x[:, 0]
    return x


def slow_descent(problem, row, model, algorithm, iterations, step_size, train_loss):
    """The formulas of the SDE and of noisy labels, one autograd call a sample."""
    x = torch.from_numpy(problem.x_train[row])
    y = torch.from_numpy(problem.y_train[row])
    n, f = len(y), 1.0 if model["kind"] == "diagonal" else 2.0
    stream = np.random.Generator(np.random.SFC64(_noise_seed(problem, row)))
    theta = torch.from_numpy(problem.theta0[row].copy())
    m = algorithm.get("substeps", 1)
    visited = []
    for t in range(iterations):
        visited.append(theta.numpy().copy())
        eta = step_size if t <= iterations // 2 else step_size / 2.0
        for _ in range(m):
            phi = torch.func.jacrev(lambda p: output(model, p, x))(theta)
            residual = output(model, theta, x) - y
            drift = f / n * phi.T @ residual
            kind = algorithm["kind"]
            if kind == "gd" or algorithm.get("noise") == "none":
                noise = 0.0
            elif kind == "gd_on_noisy_labels":
                i = problem.order[row, t]
                noise = eta * (drift - f * residual[i] * phi[i])
            else:
                z = torch.from_numpy(stream.standard_normal(n))
                if kind == "label_noise_gd":
                    noise = eta * f / n * phi.T @ (algorithm["variance"] ** 0.5 * z)
                elif algorithm["noise"] == "isotropic":
                    c = algorithm.get("c", 2 / n if f == 1 else 4 / n)
                    noise = (eta / m * eta * c * train_loss[row, t]) ** 0.5 * phi.T @ z
                else:
                    noise = (eta / m * eta * f**2 / n) ** 0.5 * phi.T @ (residual * z)
            theta = theta - eta / m * drift + noise
    return np.array(visited)


def _noise_seed(problem, row):
    seed = problem.spec["problem"]["order_seed"]
    if row > 0:
        seed = int(np.random.SeedSequence([seed, row, 2]).generate_state(1)[0])
    return np.random.SeedSequence([seed, 3])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("model", MODELS)
@settings(deadline=None, max_examples=6)
@given(n=st.integers(1, 19), d=st.integers(1, 7), seed=st.integers(0, 1000))
def test_descent_is_the_formula(model, algorithm, n, d, seed):
    model, algorithm, iterations = MODELS[model], ALGORITHMS[algorithm], 6
    problem = make_problem(model, n, d, 2, iterations, seed)
    sgd = make_spec(model, {"kind": "sgd", "log_loss": True}, iterations)
    losses = train(problem, sgd).train_loss
    found = run(problem, model, algorithm, iterations)
    for row in range(2):
        expected = slow_descent(problem, row, model, algorithm, iterations, 0.02, losses)
        np.testing.assert_allclose(found.parameters[row], expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("model", MODELS)
def test_sgd_is_descent_on_noisy_labels(model):
    # paper: Prop. 2.1; only rounding tells them apart, which grows slowly at small step sizes.
    problem = make_problem(MODELS[model], 12, 5, 3, 200)
    sgd = run(problem, MODELS[model], {"kind": "sgd"}, 200, 0.01)
    descent = run(problem, MODELS[model], {"kind": "gd_on_noisy_labels"}, 200, 0.01)
    np.testing.assert_allclose(descent.parameters, sgd.parameters, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("model", MODELS)
def test_noisy_labels_take_the_steps_of_the_run_they_follow(model):
    problem = make_problem(MODELS[model], 6, 3, 2, 40)
    alone = run(problem, MODELS[model], {"kind": "gd_on_noisy_labels"}, 40)
    follower = run(problem, MODELS[model], {"kind": "gd_on_noisy_labels", "of": "sgd"}, 40)
    np.testing.assert_array_equal(follower.parameters, alone.parameters)


@pytest.mark.parametrize("model", MODELS)
def test_without_noise_it_is_gradient_flow(model):
    problem = make_problem(MODELS[model], 12, 5, 2, 100)
    flow = run(problem, MODELS[model], ALGORITHMS["flow"], 50, 0.04)
    spec = make_spec(MODELS[model], {"kind": "gd"}, 200, 0.01)
    spec["schedule"] = {"kind": "step_decay", "step_size": 0.01, "decay_at": 0.51, "divide_by": 2.0}
    finer = train(dataclasses.replace(problem, order=np.zeros((2, 200), np.int32)), spec)
    # The step size changes after iteration 25, which is update 103 of the finer run.
    np.testing.assert_allclose(flow.parameters[:, :26], finer.parameters[:, :104:4], rtol=1e-12)


@pytest.mark.parametrize("noise", ["isotropic", "exact"])
@pytest.mark.parametrize("model", ["diagonal", "wide"])
def test_covariance_of_the_injected_noise(model, noise):
    # One substep from the same point, many replicates: drift and covariance as stated.
    model, n, d, count = MODELS[model], 4, 2, 4000
    one = make_problem(model, n, d, 1, 2)
    many = dataclasses.replace(
        one,
        order=np.zeros((count, 2), np.int32),
        spec={**one.spec, "replicates": [0, count - 1]},
    )
    algorithm = {"kind": "sde", "of": "sgd", "noise": noise, "substeps": 1}
    eta, loss = 0.02, 0.7
    spec = make_spec(model, algorithm, 2, eta)
    other = train(many, make_spec(model, {"kind": "sgd", "log_loss": True}, 2, eta))
    other = dataclasses.replace(other, train_loss=np.full((count, 2), loss))
    step = np.diff(train(many, spec, 2, None, other).parameters, axis=1)[:, 0]
    theta, x = torch.from_numpy(one.theta0[0]), torch.from_numpy(one.x_train[0])
    phi = torch.func.jacrev(lambda p: output(model, p, x))(theta).numpy()
    residual = output(model, theta, x).numpy() - one.y_train[0]
    f = 1.0 if model["kind"] == "diagonal" else 2.0
    mean = -eta * f / n * phi.T @ residual
    scale = 2 * f / n * loss if noise == "isotropic" else f**2 / n * residual**2
    covariance = eta**2 * phi.T @ (scale * phi.T).T
    centred = step - mean
    deviation = np.sqrt(np.diag(covariance))
    assert np.abs(centred.mean(axis=0) / np.where(deviation > 0, deviation, 1)).max() < 4 / np.sqrt(
        count
    )
    products = centred[:, :, None] * centred[:, None, :]
    error = products.std(axis=0) / np.sqrt(count)
    assert (np.abs(products.mean(axis=0) - covariance) <= 4 * error + 1e-15).all()


class LinearDescent:
    """The descent of full_batch.py on h(x) = theta x, whose SDEs have laws that are known."""

    def __init__(self, network, problem, row):
        self._theta = problem.theta0[row].copy()
        self.samples = 1

    def parameters(self):
        return self._theta

    def advance(self, step_sizes, noise, multiplicative):
        for gamma, drawn in zip(step_sizes, noise[:, 0], strict=True):
            # One sample, x = 1, y = 0: the residual is theta.
            zeta = drawn * self._theta if multiplicative else drawn
            self._theta = self._theta - gamma * (self._theta - zeta)
        return -1


def sample_linear(noise, substeps, count=20_000):
    """theta at time 0.64 of the linear SDE from 1 with diffusion 0.8 (times theta, if exact)."""
    spec = make_spec(MODELS["diagonal"], {**ALGORITHMS["exact"], "noise": noise}, 2)
    spec["algorithm"]["substeps"] = substeps
    problem = Problem(
        x_train=np.ones((1, 1, 1)),
        y_train=np.zeros((1, 1)),
        x_test=np.ones((1, 1, 1)),
        y_test=np.zeros((1, 1)),
        theta0=np.ones((count, 1)),
        order=np.zeros((count, 2), np.int32),
        spec={
            "problem": {"data_seed": 0, "init_seed": 0, "order_seed": 0, "vary": ["order"]},
            "replicates": [0, count - 1],
        },
    )
    # Exact: sqrt(eta) r phi = 0.8 theta. Isotropic: sqrt(eta delta) phi = 0.8, delta = 2 L = 1.
    eta, losses = np.full((count, 2), 0.64), np.full((count, 2), 0.5)
    arguments = (LinearDescent, problem, spec, eta, np.array([1]), 1, losses)
    return full_batch.train(*arguments)[0].ravel()


def exact_square(noise):
    """E theta^2 at time 0.64: Ornstein-Uhlenbeck, geometric Brownian motion."""
    if noise == "exact":
        return np.exp((-2 + 0.64) * 0.64)
    return np.exp(-2 * 0.64) + 0.32 * (1 - np.exp(-2 * 0.64))


def discrete_square(noise, substeps):
    """E theta^2 of Euler-Maruyama, exactly."""
    gamma, square = 0.64 / substeps, 1.0
    for _ in range(substeps):
        square = (1 - gamma) ** 2 * square + 0.64 * gamma * (square if noise == "exact" else 1.0)
    return square


@pytest.mark.parametrize("noise", ["isotropic", "exact"])
def test_weak_order_on_known_laws(noise):
    samples = {substeps: sample_linear(noise, substeps) for substeps in (1, 2, 4)}
    for substeps, theta in samples.items():
        for moment, expected in (
            (theta, (1 - 0.64 / substeps) ** substeps),
            (theta**2, discrete_square(noise, substeps)),
        ):
            error = moment.std() / np.sqrt(len(moment))
            assert abs(moment.mean() - expected) < 4 * error
    # First order: half the step, half the error; as sampled for the mean, exactly for the square,
    # whose errors are hidden by those of sampling.
    errors = np.array([abs(samples[m].mean() - np.exp(-0.64)) for m in (1, 2, 4)])
    assert (np.abs(np.log2(errors[:-1] / errors[1:]) - 1) < 0.5).all()
    errors = [abs(discrete_square(noise, m) - exact_square(noise)) for m in (256, 512)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(1, abs=0.05)


def test_noise_does_not_depend_on_blocks_threads_or_batch(monkeypatch):
    problem = make_problem(MODELS["deep"], 7, 3, 4, 40)
    whole = run(problem, MODELS["deep"], ALGORITHMS["isotropic"], 40).parameters
    again = run(problem, MODELS["deep"], ALGORITHMS["isotropic"], 40, threads=3).parameters
    monkeypatch.setattr(full_batch, "_BLOCK", 20)
    short = run(problem, MODELS["deep"], ALGORITHMS["isotropic"], 40).parameters
    alone = dataclasses.replace(
        problem,
        **{name: getattr(problem, name)[2:3] for name in ("x_train", "y_train", "theta0", "order")},
        spec={**problem.spec, "replicates": [2, 2]},
    )
    alone = run(alone, MODELS["deep"], ALGORITHMS["isotropic"], 40).parameters
    assert whole.tobytes() == again.tobytes() == short.tobytes()
    np.testing.assert_array_equal(alone[0], whole[2])


@pytest.mark.parametrize("model", MODELS)
def test_divergence_is_recorded_in_iterations(model):
    problem = make_problem(MODELS[model], 6, 4, 3, 100)
    algorithm = {"kind": "sde", "of": "sgd", "noise": "none", "substeps": 10}
    flow = train(
        problem, make_spec(MODELS[model], algorithm, 100, 500.0), 1, None, make_losses(problem)
    )
    assert (flow.diverged_at >= 0).all()
    assert (flow.diverged_at < 100).all()
    for parameters, at in zip(flow.parameters, flow.diverged_at, strict=True):
        finite = np.isfinite(parameters).all(axis=1)
        np.testing.assert_array_equal(finite, flow.iterations < at)


def make_losses(problem, at=1.0):
    """A run to follow, of constant loss."""
    sgd = make_spec(MODELS["diagonal"], {"kind": "sgd"}, problem.order.shape[1])
    fresh = make_problem(MODELS["diagonal"], 2, 2, len(problem.order), problem.order.shape[1])
    return dataclasses.replace(train(fresh, sgd), train_loss=np.full(problem.order.shape, at))


def test_who_follows_a_diverged_run_diverges_there():
    problem = make_problem(MODELS["wide"], 6, 4, 2, 30)
    other = make_losses(problem)
    other.train_loss[1, 11:] = np.nan
    spec = make_spec(MODELS["wide"], ALGORITHMS["isotropic"], 30)
    assert train(problem, spec, 1, None, other).diverged_at.tolist() == [-1, 11]


@pytest.mark.parametrize("model", MODELS)
def test_logged_losses_are_those_of_the_snapshots(model):
    # Longer than a block of the log.
    problem = make_problem(MODELS[model], 6, 4, 2, 1203)
    spec = make_spec(MODELS[model], {"kind": "sgd", "log_loss": True}, 1203, 0.01)
    logged = train(problem, spec)
    plain = train(problem, {**spec, "algorithm": {"kind": "sgd"}})
    assert plain.train_loss is None
    # To the bit: a chaotic run would otherwise be another one.
    np.testing.assert_array_equal(logged.parameters, plain.parameters)
    for row in range(2):
        x, y = torch.from_numpy(problem.x_train[row]), problem.y_train[row]
        factor = 0.5 if model == "diagonal" else 1.0
        for s in (0, 1, 499, 500, 501, 1000, 1202):
            theta = torch.from_numpy(logged.parameters[row, s])
            expected = factor * np.mean((output(MODELS[model], theta, x).numpy() - y) ** 2)
            assert logged.train_loss[row, s] == pytest.approx(expected, rel=1e-12)


def test_log_of_a_divergence():
    problem = make_problem(MODELS["diagonal"], 6, 4, 2, 700)
    spec = make_spec(MODELS["diagonal"], {"kind": "sgd", "log_loss": True}, 700, 20.0)
    logged = train(problem, spec)
    plain = train(problem, {**spec, "algorithm": {"kind": "sgd"}})
    np.testing.assert_array_equal(logged.diverged_at, plain.diverged_at)
    assert (logged.diverged_at > 0).all()
    for losses, at in zip(logged.train_loss, logged.diverged_at, strict=True):
        np.testing.assert_array_equal(np.isfinite(losses), np.arange(700) < at)
