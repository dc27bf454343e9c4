"""A step of SGD and a step of descent on noisy labels, against autograd."""

import dataclasses

import numpy as np
import oracles
import pytest
import torch
from hypothesis import given, settings

from small_networks import REFERENCES, cases, make_case, reference_case, snapshots_of
from sparsestep.measures import label_noise
from sparsestep.measures.label_noise import Spec
from sparsestep.models import diagonal

COLUMNS = label_noise.columns(Spec())


def diagonal_case(n=7, d=4, seed=0):
    rng = np.random.default_rng(seed)
    network = diagonal.Network(diagonal.Spec(kind="diagonal", u=0.1, v=0.0), d)
    x, parameters = rng.standard_normal((n, d)), rng.standard_normal((2, 3, 2 * d))
    return network, *make_case(network, x, parameters, seed)


def gradients(network, theta, x, y):
    """g and G of every sample i that SGD might take, from two autograd calls each."""

    x, y = torch.from_numpy(x), torch.from_numpy(y)

    def output(parameters):
        if not hasattr(network, "layers"):
            u, v = parameters.chunk(2)
            return x @ (u * v)
        return torch.stack([oracles.mlp_output(parameters, x_i, network.shapes) for x_i in x])

    alone, noisy = [], []
    for i in range(len(y)):
        parameters = torch.tensor(theta, requires_grad=True)
        h = output(parameters)
        xi = h.detach() - y
        xi[i] *= 1 - len(y)
        of_sample = network.loss_factor * (h[i] - y[i]) ** 2
        of_labels = network.loss_factor * torch.mean((h - y - xi) ** 2)
        for found, loss in ((alone, of_sample), (noisy, of_labels)):
            found.append(torch.autograd.grad(loss, parameters, retain_graph=True)[0].numpy())
    return np.array(alone), np.array(noisy)


def check(network, problem, trajectory):
    """Every column at every snapshot, and the gradients behind it."""
    measured = label_noise.measure(problem, trajectory, network, Spec(), threads=1)
    assert list(measured) == COLUMNS
    x, y = problem.x_train[0], problem.y_train[0]
    of_network = label_noise._of_mlp if hasattr(network, "layers") else label_noise._of_diagonal
    for at, theta in snapshots_of(trajectory):
        h = network.predict(theta[None], x)[0]
        found = of_network(network, theta, x, y, y + label_noise.noises(h, y))
        scale = 1e-13 * (1 + np.abs(found[0]).max())
        for got, expected in zip(found, gradients(network, theta, x, y), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=scale)
        gap, mean, variance = (measured[name][at] for name in COLUMNS)
        # Labels are rounded to their own size, however small the residuals.
        size = (np.abs(h) + np.abs(y)).max() / max(np.abs(h - y).max(), 1e-300)
        assert gap <= 1e-14 * (1 + size) * len(y)
        assert mean <= 1e-15 * len(y)
        if len(y) > 1 and (h != y).any():
            assert variance == pytest.approx(1, rel=1e-12)
        else:
            assert np.isnan(variance)


@settings(deadline=None, max_examples=30)
@given(case=cases())
def test_relu_networks(case):
    check(*case)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_diagonal_networks(n):
    check(*diagonal_case(n))


@pytest.mark.parametrize(("experiment", "run"), REFERENCES)
def test_published_networks(experiment, run):
    network, problem, trajectory, _ = reference_case(experiment, run)
    measured = label_noise.measure(problem, trajectory, network, Spec(), threads=1)
    assert measured["label_noise_gap"].max() < 1e-13
    assert np.abs(measured["label_noise_variance"] - 1).max() < 1e-14


@pytest.mark.parametrize("wrong", ["half", "sign", "sample"])
def test_other_noise_is_found_out(wrong, monkeypatch):
    others = {
        "half": lambda h, y: (h - y) * (1.0 - len(y) / 2 * np.eye(len(y))),
        "sign": lambda h, y: -(h - y) * (1.0 - len(y) * np.eye(len(y))),
        "sample": lambda h, y: (h - y) * (1.0 - len(y) * np.roll(np.eye(len(y)), 1, axis=0)),
    }
    monkeypatch.setattr(label_noise, "noises", others[wrong])
    for case in (diagonal_case(), reference_case("relu_teacher", "small")[:3]):
        network, problem, trajectory = case
        measured = label_noise.measure(problem, trajectory, network, Spec(), threads=1)
        assert measured["label_noise_gap"].min() > 1e-2
        moments = [measured["label_noise_mean"], np.abs(measured["label_noise_variance"] - 1)]
        assert (wrong == "half") == (np.max(moments) > 1e-2)


def test_the_training_samples_make_the_noise():
    # Fitted by one snapshot, which leaves none there; the test samples are fitted by another.
    network, problem, trajectory = diagonal_case()
    theta = trajectory.parameters[0]
    problem = dataclasses.replace(
        problem,
        y_train=network.predict(theta[1:2], problem.x_train[0]),
        y_test=network.predict(theta[2:3], problem.x_test[0]),
    )
    measured = label_noise.measure(problem, trajectory, network, Spec(), threads=1)
    without = np.isnan(measured["label_noise_variance"])
    assert np.argwhere(without).tolist() == [[0, 1]]
    assert measured["label_noise_gap"][0, 1] == measured["label_noise_mean"][0, 1] == 0


def test_diverged_and_exploding_and_threads():
    network, problem, trajectory = diagonal_case()
    trajectory.parameters[0, 2] = np.nan
    trajectory.parameters[1, 1] = 1e180
    one, two = (
        label_noise.measure(problem, trajectory, network, Spec(), threads=threads)
        for threads in (1, 2)
    )
    for name in COLUMNS:
        assert one[name].tobytes() == two[name].tobytes()
        assert np.isnan(one[name][0, 2])
        assert np.isfinite(one[name][0, :2]).all()
    assert np.isnan(one["label_noise_gap"][1, 1])
