"""Noise on training labels: the same data and the same draws at every level."""

import numpy as np
import pytest

from conftest import TINY
from sparsestep import config, registry
from sparsestep.config import kinds
from sparsestep.errors import ConfigError
from sparsestep.plan import Plan
from sparsestep.plan.blocks import dump
from unit.config.test_kinds import small
from unit.problems.test_problems import SMALL

NOISY = ("sparse_regression", "teacher_student")


def arrays(kind, noise, replicates=3, **changes):
    """What `generate` returns of the block that a user writes."""
    block = {"kind": kind, **SMALL[kind], "data_seed": 5, "order_seed": 1, **changes}
    spec = kinds.resolve("problem", block | {"noise": noise})
    return registry.load("problem", spec.kind).generate(spec, 4, range(replicates))


@pytest.mark.parametrize("kind", NOISY)
@pytest.mark.parametrize("vary", [["order"], ["data"]])
def test_training_labels_have_the_documented_draws_and_all_else_is_as_without(kind, vary):
    clean, noisy = arrays(kind, 0, vary=vary), arrays(kind, 0.5, vary=vary)
    noises = noisy.pop("y_train") - clean.pop("y_train")
    assert len(noises) == (3 if "data" in vary else 1)
    for row, noise in enumerate(noises):
        seed = 5
        if row > 0:
            seed = int(np.random.SeedSequence([5, row, 0]).generate_state(1)[0])
        bits = np.random.MT19937(np.random.SeedSequence([seed, 10]))
        drawn = np.random.RandomState(bits).standard_normal(6)
        np.testing.assert_allclose(noise, 0.5 * drawn, atol=1e-15)
    for name in ("x_train", "x_test", "y_test", "order"):
        np.testing.assert_array_equal(noisy[name], clean[name])
    for name, array in noisy["truth"].items():
        np.testing.assert_array_equal(array, clean["truth"][name])


@pytest.mark.parametrize("kind", NOISY)
def test_twice_the_noise_is_twice_the_same(kind):
    clean, one, two = (arrays(kind, noise)["y_train"] for noise in (0, 0.5, 1.0))
    np.testing.assert_allclose(two - clean, 2 * (one - clean), atol=1e-14)


@pytest.mark.parametrize("kind", NOISY)
def test_without_noise_it_is_what_it_was(kind):
    block = {"kind": kind, **SMALL[kind], "data_seed": 5, "order_seed": 1}
    assert dump(kinds.resolve("problem", block | {"noise": 0})) == dump(
        kinds.resolve("problem", block)
    )
    assert dump(kinds.resolve("problem", block))["kind"] == kind


def test_what_needs_the_truth_is_measured_with_noise_too():
    noisy = small()
    noisy["problem"] = {**noisy["problem"], "noise": 0.1}
    plan = Plan({**TINY, "experiments": {"first": noisy}, "figures": {}})
    assert {"beta_error", "test_loss"} <= set(plan.experiments.columns("first"))
    assert plan.experiments.problem("first")["problem"]["noise"] == 0.1


@pytest.mark.parametrize("noise", [-1, "loud", True, float("inf")])
def test_a_noise_that_is_none(noise):
    block = small()
    block["problem"] = {**block["problem"], "noise": noise}
    with pytest.raises(ConfigError, match=r"^experiments\.one\.problem\.noise: got [^\n]*$"):
        config.load({"experiments": {"one": block}})


def test_the_line_about_an_experiment_with_noise_has_the_kind_that_was_written():
    block = small()
    block["problem"] = {**block["problem"], "noise": 0.1}
    del block["iterations"]
    block["epochs"] = 3
    with pytest.raises(ConfigError, match="problem 'sparse_regression' has none; give iterations"):
        config.load({"experiments": {"one": block}})
