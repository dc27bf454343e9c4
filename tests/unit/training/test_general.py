"""The general path against the compiled trainers, and against torch's own optimisers."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
import torch

from sparsestep import algorithms, models
from sparsestep.artifacts.arrays import Problem
from sparsestep.training import edge, general, mlp, mlp_descent
from sparsestep.training.optimisers import orthogonalised
from unit.models.test_general_mlp import labels, plain_loss, plain_module

STEPS = 12
SQUARED = {"widths": [5, 4], "biases": [True, True, False], "weight_scales": [0.7, 0.7, 0.7]}


def spec_of(algorithm, activation="relu", loss="squared", kind="general_mlp"):
    block = {"kind": kind, **SQUARED}
    if kind == "general_mlp":
        outputs = 3 if loss == "cross_entropy" else 1
        block |= {"activation": activation, "loss": loss, "outputs": outputs}
    return {"model": block, "algorithm": algorithm, "iterations": STEPS}


def problem_of(spec, replicates=4, samples=9, seed=0, shared=False):
    """Data, starts and orders of replicates, on three inputs."""
    rng, count = np.random.default_rng(seed), 1 if shared else replicates
    network = models.from_spec(spec["model"], 3)
    loss = getattr(network.spec, "loss", "squared")
    y = np.stack([labels(loss, samples, rng) for _ in range(count)])
    x = rng.normal(size=(count, samples, 3))
    theta0 = np.stack([network.initial_parameters(row) for row in range(replicates)])
    order = rng.integers(samples, size=(replicates, STEPS)).astype(np.int32)
    return Problem(x_train=x, y_train=y, x_test=x, y_test=y, theta0=theta0, order=order, spec={})


def trained(trainer, problem, spec, step_sizes=0.05, threads=1):
    """Parameters before every update, (R, T, P), and where replicates diverged."""
    rates = np.broadcast_to(step_sizes, (len(problem.order), STEPS))
    return trainer.train(problem, spec, rates, np.arange(STEPS), threads)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(("kind", "compiled"), [("sgd", mlp), ("gd", mlp_descent)])
def test_it_agrees_with_the_compiled_trainers(kind, compiled, shared):
    spec, plain = spec_of({"kind": kind}), spec_of({"kind": kind}, kind="mlp")
    problem = problem_of(spec, shared=shared)
    rates = np.linspace(0.01, 0.1, STEPS) * np.array([1.0, 0.5, 0.2, 0.7])[:, None]
    own, survived = trained(general, problem, spec, rates)
    expected, _ = trained(compiled, problem, plain, rates)
    assert (survived == -1).all()
    assert np.abs(own[:, -1] - own[:, 0]).max() > 1e-2
    np.testing.assert_allclose(own, expected, rtol=1e-12, atol=1e-13)
    # The same trainer, asked with the compiled one's model.
    np.testing.assert_array_equal(trained(general, problem, plain, rates)[0], own)


def test_it_agrees_with_the_compiled_trainer_in_float32():
    algorithm = {"kind": "sgd", "precision": "float32"}
    spec, plain = spec_of(algorithm), spec_of(algorithm, kind="mlp")
    problem = problem_of(spec)
    own, _ = trained(general, problem, spec)
    assert own.dtype == np.float64
    np.testing.assert_array_equal(own, own.astype(np.float32))
    np.testing.assert_allclose(own, trained(mlp, problem, plain)[0], rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("limit", ["sgd", "gd"])
def test_divergence_is_where_the_compiled_trainer_says(limit):
    compiled = {"sgd": mlp, "gd": mlp_descent}[limit]
    spec, plain = spec_of({"kind": limit}), spec_of({"kind": limit}, kind="mlp")
    # The bias of an output explodes, whatever else of the network has died.
    for of in (spec, plain):
        of["model"] = {**of["model"], "biases": [True] * 3}
    problem = problem_of(spec)
    rates = np.repeat(np.array([0.01, 1e30, 0.02, 0.01])[:, None], STEPS, axis=1)
    rates[3, 5:] = 1e30
    own, diverged_at = trained(general, problem, spec, rates)
    expected, stopped = trained(compiled, problem, plain, rates)
    np.testing.assert_array_equal(diverged_at, stopped)
    assert diverged_at[0] == diverged_at[2] == -1
    assert 0 < diverged_at[1] < diverged_at[3]
    np.testing.assert_allclose(own[[0, 2]], expected[[0, 2]], rtol=1e-12, atol=1e-13)
    # Before the update at which it has diverged there are parameters, and none after.
    for row in (1, 3):
        assert np.isfinite(own[row, diverged_at[row]]).all()
        assert np.isnan(own[row, diverged_at[row] + 1 :]).all()


OPTIMISERS = {
    "adam": (torch.optim.Adam, {"betas": (0.8, 0.95), "weight_decay": 0.1, "amsgrad": True}),
    "adamw": (torch.optim.AdamW, {"weight_decay": 0.2, "eps": 1e-3}),
    "rmsprop": (
        torch.optim.RMSprop,
        {"alpha": 0.9, "momentum": 0.5, "centered": True, "weight_decay": 0.1},
    ),
    "sgd": (torch.optim.SGD, {}),
    "batch_sgd": (torch.optim.SGD, {"momentum": 0.6, "weight_decay": 0.1}),
    "momentum_gd": (torch.optim.SGD, {"momentum": 0.7, "nesterov": True, "weight_decay": 0.2}),
}


def by_torch(problem, spec, row, rates, optimiser_of):
    """Parameters before every update, (T, P), of a plain module and torch's own optimiser."""
    network = models.from_spec(spec["model"], 3)
    module = plain_module(network, problem.theta0[row])
    optimisers, visited = optimiser_of(module), []
    of_all = "all" in spec["algorithm"].values() or spec["algorithm"]["kind"] == "momentum_gd"
    for t in range(STEPS):
        flat = torch.nn.utils.parameters_to_vector(module.parameters())
        visited.append(flat.detach().numpy().copy())
        rows = slice(None) if of_all else [problem.order[row, t]]
        module.zero_grad()
        x, y = problem.of_replicate("x_train", row), problem.of_replicate("y_train", row)
        plain_loss(network, module, x[rows], y[rows]).backward()
        for optimiser in optimisers:
            optimiser.param_groups[0]["lr"] = rates[row, t]
            optimiser.step()
    return np.array(visited)


@pytest.mark.parametrize("with_options", [False, True])
@pytest.mark.parametrize("loss", ["squared", "logistic", "cross_entropy"])
@pytest.mark.parametrize("kind", OPTIMISERS)
def test_every_optimiser_is_torchs(kind, loss, with_options):
    rng = np.random.default_rng(len(kind) + with_options)
    build, options = OPTIMISERS[kind]
    options = options if with_options else {}
    batch = {} if build is torch.optim.SGD else {"batch_size": rng.choice(["all", 1], p=[0.5, 0.5])}
    batch = {key: value if value == "all" else int(value) for key, value in batch.items()}
    spec = spec_of({"kind": kind, **options, **batch}, "tanh", loss)
    problem = problem_of(spec, seed=3)
    rates = rng.uniform(0.001, 0.05, (4, STEPS))
    own, _ = trained(general, problem, spec, rates)
    for row in range(4):

        def optimiser(module):
            return [build(module.parameters(), lr=1.0, **options)]

        expected = by_torch(problem, spec, row, rates, optimiser)
        np.testing.assert_allclose(own[row], expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("momentum", [0.0, 0.7])
def test_sign_descent_is_adam_without_square_roots(momentum):
    spec = spec_of({"kind": "sign_descent", "momentum": momentum, "batch_size": "all"}, "tanh")
    problem = problem_of(spec)
    own, _ = trained(general, problem, spec, 0.01)
    network, theta = models.from_spec(spec["model"], 3), problem.theta0[2].copy()
    mean = np.zeros_like(theta)
    for t in range(STEPS):
        np.testing.assert_allclose(own[2, t], theta, rtol=0, atol=1e-14)
        module = plain_module(network, theta)
        loss = plain_loss(network, module, problem.x_train[2], problem.y_train[2])
        gradients = torch.autograd.grad(loss, list(module.parameters()))
        flat = torch.nn.utils.parameters_to_vector(gradients).numpy()
        mean = momentum * mean + (1 - momentum) * flat
        theta = theta - 0.01 * np.sign(mean)
    steps = np.abs([after - before for before, after in pairwise(own[2])])
    np.testing.assert_allclose(steps, 0.01, rtol=1e-10)


def muon_and_adamw(module):
    """torch's, Muon for the weights of hidden layers."""
    layers = [layer for layer in module if isinstance(layer, torch.nn.Linear)]
    hidden = [layer.weight for layer in layers[:-1]]
    others = [p for p in module.parameters() if not any(p is weight for weight in hidden)]
    return [torch.optim.Muon(hidden, lr=1.0), torch.optim.AdamW(others, lr=1.0)]


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this torch has no Muon")
def test_muon_is_torchs_but_for_bfloat16(monkeypatch):
    spec = spec_of({"kind": "muon", "batch_size": "all"}, "tanh", "cross_entropy")
    problem = problem_of(spec)
    rates = np.full((4, STEPS), 0.02)
    own, _ = trained(general, problem, spec, rates)
    coarse = by_torch(problem, spec, 1, rates, muon_and_adamw)
    assert np.abs(own[1] - coarse).max() < 0.05 * np.abs(own[1, -1] - own[1, 0]).max()
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)
    for row in range(4):
        expected = by_torch(problem, spec, row, rates, muon_and_adamw)
        np.testing.assert_allclose(own[row], expected, rtol=1e-9, atol=1e-11)


def test_orthogonalised_matrices_have_singular_values_near_one():
    options = algorithms.from_spec({"kind": "muon"})
    rng = np.random.default_rng(5)
    for shape in ((3, 6, 4), (3, 4, 6), (2, 1, 5)):
        of = torch.tensor(rng.normal(size=shape))
        values = np.linalg.svd(orthogonalised(of, options).numpy(), compute_uv=False)
        assert values.min() > 0.5
        assert values.max() < 1.3
    assert (orthogonalised(torch.zeros(1, 2, 3), options) == 0).all()


@pytest.mark.parametrize("kind", ["adam", "adamw", "rmsprop", "sign_descent"])
def test_diagonal_networks_are_trained(kind):
    model = {"kind": "diagonal", "u": 0.5, "v": 0.3}
    spec = {"model": model, "algorithm": {"kind": kind, "batch_size": "all"}, "iterations": STEPS}
    problem = problem_of(spec)
    build = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "rmsprop": torch.optim.RMSprop}
    own, _ = trained(general, problem, spec, 0.01)
    theta = torch.tensor(problem.theta0[1], requires_grad=True)
    optimiser = build[kind]([theta], lr=0.01) if kind in build else None
    for t in range(STEPS):
        np.testing.assert_allclose(own[1, t], theta.detach(), rtol=1e-9)
        h = torch.tensor(problem.x_train[1]) @ (theta[:3] * theta[3:])
        loss = 0.5 * ((h - torch.tensor(problem.y_train[1])) ** 2).mean()
        (theta.grad,) = torch.autograd.grad(loss, theta)
        if optimiser:
            optimiser.step()
        else:
            theta = (theta - 0.01 * theta.grad.sign()).detach().requires_grad_()


@pytest.mark.parametrize("kind", ["gd", "adam", "muon", "rmsprop"])
def test_replicates_are_trained_as_alone(kind):
    """Also beside one that diverges, and with more threads."""
    spec = spec_of({"kind": kind}, "silu")
    problem = problem_of(spec)
    own, _ = trained(general, problem, spec, 0.01)
    rates = np.array([1e60, 0.01, 0.01, 0.01])[:, None]
    beside, diverged_at = trained(general, problem, spec, rates, threads=2)
    assert diverged_at[0] > 0
    assert (diverged_at[1:] == -1).all()
    np.testing.assert_allclose(beside[1:], own[1:], rtol=1e-12, atol=1e-14)
    of_two = {name: getattr(problem, name)[2:3] for name in ("x_train", "y_train", "theta0")}
    alone = dataclasses.replace(problem, order=problem.order[2:3], **of_two)
    np.testing.assert_allclose(
        trained(general, alone, spec, 0.01)[0][0], own[2], rtol=1e-12, atol=1e-14
    )


def test_what_is_looked_up_in_blocks_is_what_is_looked_up_at_once(monkeypatch):
    spec = spec_of({"kind": "adam"}, "gelu", "logistic")
    problem = problem_of(spec)
    own, _ = trained(general, problem, spec)
    monkeypatch.setattr("sparsestep.training.samples._BLOCK", 40)
    np.testing.assert_array_equal(trained(general, problem, spec)[0], own)


def test_edges_are_calibrated():
    spec = spec_of({"kind": "gd"}, "tanh")
    spec |= {"edge": {"horizon": 0.5, "tolerance": 0.2, "survive": "finite"}}
    found = edge.calibrate(problem_of(spec), spec)
    plain = spec_of({"kind": "gd"}, kind="mlp") | {"edge": spec["edge"]}
    of_relu = {**spec, "model": {**spec["model"], "activation": "relu"}}
    problem = problem_of(plain)
    assert found.shape == (4,)
    np.testing.assert_allclose(edge.calibrate(problem, of_relu), edge.calibrate(problem, plain))


def test_threads_are_torchs_own_again_afterwards(monkeypatch):
    asked, before = [], torch.get_num_threads()
    real = torch.set_num_threads
    monkeypatch.setattr(torch, "set_num_threads", lambda n: (asked.append(n), real(n)))
    spec = spec_of({"kind": "gd"}, "tanh")
    own, _ = trained(general, problem_of(spec), spec, threads=before + 1)
    monkeypatch.setattr(general, "_SHARED", 1)
    shared, _ = trained(general, problem_of(spec), spec, threads=before + 1)
    assert asked == [1, before, before + 1, before]
    np.testing.assert_allclose(own, shared, rtol=1e-12, atol=1e-14)


def test_a_gpu_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setenv("SPARSESTEP_COMPUTE", '{"device": "cuda"}')
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    spec = spec_of({"kind": "gd"}, "tanh")
    with pytest.raises(general.devices.SparsestepError, match="torch sees no GPU here"):
        trained(general, problem_of(spec), spec)
