"""Full-batch descent on noisy labels against plain loops, laws that are known, and the identity."""

import dataclasses

import numpy as np
import pytest
import torch
from descents import (
    ALGORITHMS,
    MODELS,
    make_losses,
    make_problem,
    make_spec,
    output,
    run,
    slow_descent,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsestep.artifacts.arrays import Problem
from sparsestep.training import full_batch, loss_log, train


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


@pytest.mark.parametrize("batch_size", [1, 5])
@pytest.mark.parametrize("noise", ["isotropic", "covariance", "second_moment"])
@pytest.mark.parametrize("model", ["diagonal", "wide"])
def test_covariance_of_the_injected_noise(model, noise, batch_size):
    # One substep from the same point, many replicates: drift and covariance as stated.
    model, n, d, count = MODELS[model], 4, 2, 4000
    one = make_problem(model, n, d, 1, 2)
    many = dataclasses.replace(
        one,
        order=np.zeros((count, 2), np.int32),
        spec={**one.spec, "replicates": [0, count - 1]},
    )
    algorithm = {"kind": "sde", "of": "sgd", "noise": noise, "substeps": 1}
    algorithm["batch_size"] = batch_size
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
    if noise == "covariance":
        covariance -= np.outer(mean, mean)
    covariance /= batch_size
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
    """theta at time 0.64 of the linear SDE from 1, diffusion 0.8 (second_moment: times theta)."""
    spec = make_spec(MODELS["diagonal"], {**ALGORITHMS["isotropic"], "noise": noise}, 2)
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
    if noise == "second_moment":
        return np.exp((-2 + 0.64) * 0.64)
    return np.exp(-2 * 0.64) + 0.32 * (1 - np.exp(-2 * 0.64))


def discrete_square(noise, substeps):
    """E theta^2 of Euler-Maruyama, exactly."""
    gamma, square = 0.64 / substeps, 1.0
    for _ in range(substeps):
        square = (1 - gamma) ** 2 * square + 0.64 * gamma * (
            square if noise == "second_moment" else 1.0
        )
    return square


@pytest.mark.parametrize("noise", ["isotropic", "second_moment"])
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


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_snapshots_change_nothing(algorithm):
    # Between two of them lie iterations of different step sizes, and substeps of each.
    problem, algorithm = make_problem(MODELS["wide"], 6, 3, 2, 40), ALGORITHMS[algorithm]
    spec = make_spec(MODELS["wide"], algorithm, 40)
    growing = {"kind": "warmup_decay", "factor": 9.0, "exponent": 1.0, "divide_by": 4.0}
    spec["schedule"] = {**growing, "step_size": 0.01, "decay_at": 0.6}
    other = make_losses(problem) if "of" in algorithm else None
    all_of_them = train(problem, spec, 1, None, other)
    few = train(problem, {**spec, "snapshots": {"first": 1, "evenly_spaced": 5}}, 1, None, other)
    assert few.iterations.tolist() == [0, 10, 20, 30]
    for name in ("parameters", "step_sizes"):
        expected = getattr(all_of_them, name)[:, few.iterations]
        np.testing.assert_array_equal(getattr(few, name), expected)


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


@pytest.mark.parametrize("block", [500, 2], ids=["in the first block", "in a later one"])
def test_log_of_a_divergence(monkeypatch, block):
    monkeypatch.setattr(loss_log, "_BLOCK", block)
    problem = make_problem(MODELS["diagonal"], 6, 4, 2, 700)
    spec = make_spec(MODELS["diagonal"], {"kind": "sgd", "log_loss": True}, 700, 20.0)
    logged = train(problem, spec)
    plain = train(problem, {**spec, "algorithm": {"kind": "sgd"}})
    np.testing.assert_array_equal(logged.diverged_at, plain.diverged_at)
    assert (logged.diverged_at > 0).all()
    assert np.array_equal(logged.diverged_at < block, [block == 500] * 2)
    for losses, at in zip(logged.train_loss, logged.diverged_at, strict=True):
        np.testing.assert_array_equal(np.isfinite(losses), np.arange(700) < at)


@pytest.mark.parametrize("model", MODELS)
def test_one_sample_has_no_covariance(model):
    problem = make_problem(MODELS[model], 1, 3, 2, 20)
    noisy = run(problem, MODELS[model], ALGORITHMS["covariance"], 20)
    flow = {"kind": "sde", "noise": "none", "substeps": 2}
    np.testing.assert_array_equal(
        noisy.parameters, run(problem, MODELS[model], flow, 20).parameters
    )


def test_the_noise_of_the_covariance_is_that_of_sampling():
    # Mean and covariance of the gradient of one sample, over all samples, by definition.
    model, n = MODELS["shallow"], 5
    problem = make_problem(model, n, 3, 1, 2)
    theta, x = torch.from_numpy(problem.theta0[0]), torch.from_numpy(problem.x_train[0])
    phi = torch.func.jacrev(lambda p: output(model, p, x))(theta).numpy()
    residual = output(model, theta, x).numpy() - problem.y_train[0]
    gradients = 2 * residual[:, None] * phi
    expected = np.cov(gradients.T, bias=True)
    z = np.random.default_rng(0).standard_normal((200_000, n))
    z -= z.mean(axis=1, keepdims=True)
    found = np.cov((z * np.sqrt(n) * residual) @ phi * 2 / n, rowvar=False)
    assert np.abs(found - expected).max() < 0.02 * np.abs(expected).max()
