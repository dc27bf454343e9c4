"""SGD's further options on the general path: the updates of the compiled trainers, to rounding."""

import numpy as np
import pytest

from sparsestep.training import batch_diagonal, batch_mlp, general, samples
from support.descents import MODELS, make_problem

STEPS, REPLICATES = 25, 3
DECAY = {"momentum": 0.5, "weight_decay": 0.03}
NESTEROV = {"momentum": 0.9, "nesterov": True, "weight_decay": 0.03}
ALGORITHMS = {
    "batches": {"kind": "batch_sgd", "batch_size": 4},
    "epochs": {"kind": "batch_sgd", "batch_size": 3, "sampling": "epochs", **DECAY},
    "noise": {"kind": "batch_sgd", "batch_size": 5, "label_noise": 0.2, **NESTEROV},
    "noisy epochs": {
        "kind": "batch_sgd",
        "batch_size": 5,
        "sampling": "epochs",
        "label_noise": 0.2,
        **NESTEROV,
    },
    "one": {"kind": "batch_sgd", "batch_size": 1, "label_noise": 0.3, **DECAY},
    "all": {"kind": "momentum_gd", **NESTEROV},
}


def trained(trainer, problem, model, algorithm, rates):
    """Parameters before every update, (R, T, P), and where replicates diverged."""
    spec = {"model": MODELS[model], "algorithm": algorithm}
    return trainer.train(problem, spec, rates, np.arange(STEPS), 1)


def both(model, algorithm, rates):
    """What the general path gives, and what the compiled trainer."""
    problem = make_problem(MODELS[model], 12, 3, REPLICATES, STEPS)
    compiled = batch_diagonal if model == "diagonal" else batch_mlp
    return [trained(of, problem, model, algorithm, rates) for of in (general, compiled)]


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("model", ["diagonal", "shallow", "deep"])
def test_it_agrees_with_the_compiled_trainers(model, name, monkeypatch):
    # A few updates are looked up at a time.
    monkeypatch.setattr(samples, "_BLOCK", 400)
    rates = np.linspace(0.005, 0.03, STEPS) * np.array([1.0, 0.5, 0.7])[:, None]
    (own, survived), (expected, _) = both(model, ALGORITHMS[name], rates)
    assert (survived == -1).all()
    assert np.abs(own[:, -1] - own[:, 0]).max() > 1e-2
    np.testing.assert_allclose(own, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", ["epochs", "noise"])
def test_a_diverged_replicate_leaves_the_others_their_batches(name, monkeypatch):
    monkeypatch.setattr(samples, "_BLOCK", 400)
    rates = np.repeat(np.array([0.01, 0.01, 0.01])[:, None], STEPS, axis=1)
    rates[1, 3:] = 1e40
    (own, stopped), (expected, diverged_at) = both("deep", ALGORITHMS[name], rates)
    assert diverged_at[1] > 3
    np.testing.assert_array_equal(stopped, diverged_at)
    np.testing.assert_allclose(own[[0, 2]], expected[[0, 2]], rtol=1e-11, atol=1e-12)


def test_in_float32_it_is_near():
    rates = np.full((REPLICATES, STEPS), 0.01)
    (own, _), (expected, _) = both("deep", {**ALGORITHMS["noise"], "precision": "float32"}, rates)
    np.testing.assert_array_equal(own, own.astype(np.float32))
    np.testing.assert_allclose(own, expected, rtol=2e-5, atol=2e-6)
