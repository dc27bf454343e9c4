"""Chunks of snapshots; parameters too large for any measurement."""

import dataclasses

import numpy as np
import pytest

from small_networks import make_case, make_network, reference_case
from sparsestep.measures import (
    feature_sparsity,
    mlp_jacobian,
    sharpness,
    snapshots,
    tangent_kernel,
)

MODULES = [feature_sparsity, mlp_jacobian, sharpness, tangent_kernel]


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("layers", [1, 3])
def test_huge_parameters_are_measured_or_nan(module, layers):
    """No overflow, which would be an error here and stop a whole batch elsewhere."""
    network = make_network(2, [4] * layers, [True] * (layers + 1))
    theta = np.random.default_rng(0).standard_normal((1, 1, network.parameter_count))
    scales = 10.0 ** np.arange(0, 300, 2)[None, :, None]
    problem, trajectory = make_case(network, np.eye(2), theta * scales)
    got = module.measure(problem, trajectory, network, module.Spec(), threads=1)
    largest = np.abs(trajectory.parameters).max(axis=2)
    for values in got.values():
        np.testing.assert_array_equal(np.isnan(values), largest > 1e60 ** (1 / (layers + 1)))


@pytest.mark.parametrize("module", MODULES)
def test_values_hardly_depend_on_the_chunks(module, monkeypatch):
    """Snapshots of a chunk share no more than the number of Lanczos iterations."""
    network, problem, trajectory, _ = reference_case("relu_teacher", "small")
    together = module.measure(problem, trajectory, network, module.Spec(), threads=1)
    monkeypatch.setattr(snapshots, "_CHUNK_BYTES", 1)
    alone = module.measure(problem, trajectory, network, module.Spec(), threads=1)
    for name, values in together.items():
        np.testing.assert_allclose(alone[name], values, rtol=1e-6)


@pytest.mark.parametrize("module", MODULES)
def test_replicates_with_data_of_their_own(module):
    rng = np.random.default_rng(0)
    network = make_network(2, [5], [True, False])
    theta = rng.standard_normal((3, 2, network.parameter_count))
    problem, trajectory = make_case(network, np.zeros((4, 2)), theta)
    x, y = rng.standard_normal((3, 4, 2)), rng.standard_normal((3, 4))
    fresh = rng.standard_normal((3, 20, 2))
    problem = dataclasses.replace(problem, x_train=x, y_train=y, truth={"x_fresh": fresh})
    got = module.measure(problem, trajectory, network, module.Spec(), threads=2)
    for r in range(3):
        own = {name: getattr(problem, name)[r : r + 1] for name in ("x_train", "y_train", "theta0")}
        alone = dataclasses.replace(problem, **own, truth={"x_fresh": fresh[r : r + 1]})
        one = dataclasses.replace(trajectory, parameters=theta[r : r + 1])
        expected = module.measure(alone, one, network, module.Spec(), threads=1)
        for name, values in expected.items():
            np.testing.assert_array_equal(got[name][r], values[0])
