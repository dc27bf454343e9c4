"""Keeping the loss of every iteration changes nothing, though a run is made block by block."""

import dataclasses

import numpy as np
import pytest

from sparsestep import models
from sparsestep.training import general, resumption, train
from support.descents import MODELS, make_problem, make_spec

STEPS = 50
FULL = {
    "kind": "batch_sgd",
    "batch_size": 4,
    "momentum": 0.9,
    "nesterov": True,
    "weight_decay": 0.03,
    "label_noise": 0.2,
}
# As the models of `support/descents.py`, on the general path.
TANH = {**MODELS["deep"], "kind": "general_mlp", "activation": "tanh"}


@pytest.fixture(autouse=True)
def _short_blocks(monkeypatch):
    monkeypatch.setattr("sparsestep.training.loss_log._BLOCK", 7)
    monkeypatch.setattr("sparsestep.training.samples._BLOCK", 700)
    monkeypatch.setattr("sparsestep.training.updates._BLOCK", 200)


def both(model, algorithm, replicates=10, step_size=0.02):
    """(problem, trajectory without log, with it)."""
    problem = make_problem(model, 7, 3, replicates, STEPS)
    logged = make_spec(model, {**algorithm, "log_loss": True}, STEPS, step_size)
    plain = train(problem, make_spec(model, algorithm, STEPS, step_size))
    return problem, plain, train(problem, logged, 2)


KEPT = [
    (MODELS["diagonal"], {}),
    (MODELS["diagonal"], {"sampling": "epochs", "batch_size": 3}),
    (MODELS["wide"], {"sampling": "epochs", "batch_size": 2}),
    (MODELS["deep"], {}),
    (MODELS["deep"], {"batch_size": 1, "label_noise": 0.0}),
    (MODELS["wide"], {"precision": "float32"}),
    (MODELS["deep"], {"momentum": 0.0, "nesterov": False}),
    (TANH, {}),
    (TANH, {"sampling": "epochs", "batch_size": 3}),
    (TANH, {"batch_size": 1, "precision": "float32"}),
]


@pytest.mark.parametrize(("model", "options"), KEPT)
def test_a_logged_run_is_to_the_bit_the_one_without(model, options):
    problem, plain, logged = both(model, FULL | options)
    assert type(logged.parameters) is np.ndarray
    np.testing.assert_array_equal(logged.parameters, plain.parameters)
    network = models.from_spec(model, 3)
    for row in range(10):
        x, y = problem.of_replicate("x_train", row), problem.of_replicate("y_train", row)
        residuals = network.predict(plain.parameters[row], x) - y
        losses = network.loss_factor * (residuals**2).mean(axis=1)
        np.testing.assert_allclose(logged.train_loss[row], losses, rtol=1e-14)


@pytest.mark.parametrize("model", [MODELS["diagonal"], MODELS["wide"], TANH])
def test_a_logged_replicate_diverges_where_it_does_without(model):
    _, plain, logged = both(model, FULL, step_size=3.0 if model is not TANH else 1e60)
    assert (plain.diverged_at > 0).any()
    np.testing.assert_array_equal(logged.diverged_at, plain.diverged_at)
    np.testing.assert_array_equal(logged.parameters, plain.parameters)


def test_what_goes_on_knows_it_after_it_was_cut_and_copied():
    progress = resumption.Progress(9, np.ones((2, 3)), [])
    snapshots = resumption.carrying(np.zeros((2, 4, 3)), progress)
    problem = make_problem(MODELS["diagonal"], 7, 3, 2, STEPS)
    assert resumption.progress_of(problem) is resumption.START
    for theta0 in (snapshots[:, -1], snapshots[:, -1].astype(np.float32)):
        held = dataclasses.replace(problem, theta0=theta0)
        assert resumption.progress_of(held) is progress


def test_nobody_goes_on_from_a_run_without_a_log():
    problem = make_problem(TANH, 7, 3, 2, STEPS)
    every, steps = np.arange(STEPS), np.full((2, STEPS), 0.01)
    found, _ = general.train(problem, {"model": TANH, "algorithm": FULL}, steps, every, 1)
    assert type(found) is np.ndarray
