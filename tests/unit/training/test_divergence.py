"""When a small network has diverged: every trainer means the same, to the iteration."""

import importlib

import numpy as np
import pytest
from descents import ALGORITHMS, MODELS, divergence, make_losses, make_problem, make_spec

from sparsestep import registry
from sparsestep.training import precision, train

ITERATIONS = 30
# Wide enough that not all units of all replicates die before anything explodes.
NETWORKS = {**MODELS, "deep": {**MODELS["deep"], "widths": [20, 20]}}
DEEPER = {"kind": "mlp", "widths": [6, 6, 6], "biases": [True] * 4, "weight_scales": [1.0] * 4}
# Too large for some replicates at least, which diverge at different iterations.
STEP_SIZES = {"diagonal": 3.0, "wide": 0.9, "shallow": 0.9, "deep": 0.1}
BATCH_OR_NOT = pytest.mark.parametrize("algorithm", ["sgd", "gd"])


def make(model, scale):
    """More replicates than vector lanes, samples that fill no group of lanes; larger starts."""
    problem = make_problem(model, 6, 4, 9, ITERATIONS)
    problem.theta0[:] *= scale
    return problem


def assert_diverges_as_the_slow_loop(problem, model, algorithm, step_sizes):
    """Compare `diverged_at` and which snapshots are NaN; returns where each replicate diverged."""
    other = make_losses(problem) if "of" in algorithm else None
    spec = make_spec(model, algorithm, ITERATIONS)
    spec["schedule"] = {"kind": "constant", "step_size": {"of_edge": 1.0}}
    trajectory = train(problem, spec, 1, step_sizes, other)
    slow = [
        divergence(problem, row, model, algorithm, [eta] * ITERATIONS, [1.0] * ITERATIONS)
        for row, eta in enumerate(step_sizes)
    ]
    assert trajectory.diverged_at.tolist() == slow
    for parameters, at in zip(trajectory.parameters, slow, strict=True):
        finite = np.isfinite(parameters).all(axis=1)
        np.testing.assert_array_equal(finite, (trajectory.iterations < at) | (at < 0))
    return slow


@pytest.mark.parametrize("algorithm", ["sgd", *ALGORITHMS])
@pytest.mark.parametrize("model", NETWORKS)
def test_divergence_is_the_first_exploding_residual(model, algorithm):
    problem = make(NETWORKS[model], 2)
    options = ALGORITHMS.get(algorithm, {"kind": algorithm})
    # Without noise, a step of many substeps is harmless for longer.
    faster = options["substeps"] if algorithm == "flow" else 1
    step_sizes = faster * STEP_SIZES[model] * np.linspace(0.5, 1, 9)
    assert max(assert_diverges_as_the_slow_loop(problem, NETWORKS[model], options, step_sizes)) > 0


@pytest.mark.parametrize("scale", [1e12, 1e24, 1e60, 1e160])
@BATCH_OR_NOT
@pytest.mark.parametrize("model", NETWORKS)
def test_divergence_from_a_huge_start(model, algorithm, scale):
    # Gradients overflow, and activations become infinite.
    model, options, step_sizes = NETWORKS[model], {"kind": algorithm}, np.full(9, 0.02)
    found = assert_diverges_as_the_slow_loop(make(model, scale), model, options, step_sizes)
    assert max(found) >= 0


@BATCH_OR_NOT
def test_nan_within_a_network_is_no_dead_unit(algorithm):
    # Units get infinities of both signs from below.
    problem, options = make(DEEPER, 1e24), {"kind": algorithm}
    found = assert_diverges_as_the_slow_loop(problem, DEEPER, options, np.full(9, 0.02))
    assert found.count(-1) <= 2


@BATCH_OR_NOT
@pytest.mark.parametrize("model", NETWORKS)
def test_nan_has_diverged(model, algorithm):
    # A replicate without an edge has no step size; the sixth has no parameters either.
    problem, step_sizes = make(NETWORKS[model], 1), np.full(9, 1e-4)
    step_sizes[3] = problem.theta0[5, 0] = np.nan
    options = {"kind": algorithm}
    found = assert_diverges_as_the_slow_loop(problem, NETWORKS[model], options, step_sizes)
    assert found == [-1, -1, -1, 1, -1, 0, -1, -1, -1]


def test_all_trainers_give_up_at_the_same_residual():
    # Numba keeps kernels compiled with a constant of their own module, so that each has a copy;
    # those of ReLU networks are handed theirs.
    modules = {name for kind, name in registry.TRAINERS.items() if not kind.startswith("images/")}
    limits = {
        name: importlib.import_module(name).EXPLODED
        for name in modules
        if hasattr(importlib.import_module(name), "EXPLODED")
    }
    assert len(limits) == 2
    assert set(limits.values()) == {1e100, precision.exploded(np.dtype(np.float64))}
