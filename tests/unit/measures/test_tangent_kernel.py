"""The tangent kernel against Jacobians by autograd."""

import dataclasses

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from small_networks import REFERENCES, cases, make_case, make_network, reference_case, snapshots_of
from sparsestep.measures import tangent_kernel
from sparsestep.measures.tangent_kernel import Spec


def residual_share(kernel, residuals, top):
    """None where the top eigenvectors are not determined; those of eigenvalue 0 do not count."""
    values, vectors = np.linalg.eigh(kernel)
    if ((values > 1e-15 * values[-1]) & (values < 1e-11 * values[-1])).any():
        # Whether they are 0 is not determined.
        return None
    top = min(top, int(np.sum(values > 1e-13 * values[-1])))
    rest = values[: len(values) - top]
    if top and len(rest) and values[-top] - rest[-1] <= 1e-6 * values[-1]:
        return None
    inside = sum((vectors[:, -k] @ residuals) ** 2 for k in range(1, top + 1))
    return inside / (residuals @ residuals)


def check(network, problem, trajectory, options):
    got = tangent_kernel.measure(problem, trajectory, network, options, threads=1)
    assert list(got) == tangent_kernel.columns(options)
    x, y = problem.x_train[0], problem.y_train[0]
    for (r, s), theta in snapshots_of(trajectory):
        kernel, initial = (
            phi @ phi.T
            for phi in (
                oracles.mlp_jacobian(parameters, x, network.shapes)
                for parameters in (theta, problem.of_replicate("theta0", r))
            )
        )
        drift = got["kernel_drift"][r, s]
        if initial.any():
            expected = np.linalg.norm(kernel - initial) / np.linalg.norm(initial)
            assert drift == pytest.approx(expected, rel=1e-10, abs=1e-13)
        else:
            assert np.isnan(drift)
        values = np.linalg.eigvalsh(kernel)
        atol = 1e-13 * values[-1]
        assert got["kernel_min_eigenvalue"][r, s] == pytest.approx(max(values[0], 0), abs=atol)
        # The last "layer" is the output.
        outputs = oracles.mlp_features(theta, x, network.shapes, len(network.shapes))[:, 0]
        share = got["residual_share_top"][r, s]
        expected = residual_share(kernel, outputs - y, options.top)
        assert 0 <= share <= 1
        assert expected is None or share == pytest.approx(expected, abs=1e-7)


@settings(deadline=None, max_examples=50)
@given(case=cases(), top=st.integers(1, 4))
def test_kernel_is_that_of_the_jacobian(case, top):
    network, problem, trajectory = case
    check(network, problem, trajectory, Spec(top=top))


def test_drift_is_that_from_the_initial_parameters():
    # Which need not be those of the first snapshot.
    rng = np.random.default_rng(0)
    network = make_network(2, [3], [True, True])
    parameters = rng.standard_normal((2, 3, network.parameter_count))
    problem, trajectory = make_case(network, rng.standard_normal((4, 2)), parameters)
    theta0 = rng.standard_normal((2, network.parameter_count))
    check(network, dataclasses.replace(problem, theta0=theta0), trajectory, Spec())


@pytest.mark.parametrize(("experiment", "run"), REFERENCES)
def test_along_published_runs(experiment, run):
    network, problem, trajectory, _ = reference_case(experiment, run)
    check(network, problem, trajectory, Spec())


@settings(deadline=None, max_examples=20)
@given(case=cases())
def test_diverged_snapshots_are_nan_and_threads_do_not_matter(case):
    network, problem, trajectory = case
    one, two = (
        tangent_kernel.measure(problem, trajectory, network, Spec(), threads=threads)
        for threads in (1, 2)
    )
    diverged = np.isnan(trajectory.parameters).any(axis=2)
    for name, values in one.items():
        assert values.tobytes() == two[name].tobytes()
        assert np.isnan(values[diverged]).all()


def test_nothing_to_compare_with():
    """Zero initial kernel, zero residual: NaN, without a warning."""
    network = make_network(1, [2], [True, False])
    problem, trajectory = make_case(network, np.ones((3, 1)), np.zeros((1, 2, 6)))
    problem = dataclasses.replace(problem, y_train=np.zeros((1, 3)))
    got = tangent_kernel.measure(problem, trajectory, network, Spec(), threads=1)
    assert np.isnan(got["kernel_drift"]).all()
    assert np.isnan(got["residual_share_top"]).all()
    assert (got["kernel_min_eigenvalue"] == 0).all()


def test_of_a_kernel_of_rank_one_the_top_three_are_one():
    """A dead network with an output bias: gradient flow removes the mean of the residual alone."""
    network = make_network(1, [2], [True, True])
    parameters = np.array([1.0, 1.0, -9.0, -9.0, 1.0, 1.0, 0.5])
    problem, trajectory = make_case(network, np.arange(5.0)[:, None], parameters[None, None])
    got = tangent_kernel.measure(problem, trajectory, network, Spec(), threads=1)
    residual = 0.5 - problem.y_train[0]
    share = 5 * residual.mean() ** 2 / (residual @ residual)
    assert got["residual_share_top"][0, 0] == pytest.approx(share, rel=1e-12)


def test_of_a_kernel_that_is_zero_nothing_is_removed():
    network = make_network(1, [2], [True, False])
    parameters = np.array([1.0, 1.0, -9.0, -9.0, 1.0, 1.0])
    problem, trajectory = make_case(network, np.arange(5.0)[:, None], parameters[None, None])
    got = tangent_kernel.measure(problem, trajectory, network, Spec(), threads=1)
    assert got["residual_share_top"][0, 0] == 0


def test_rounding_makes_no_eigenvalue_negative():
    # Six samples and three parameters: K has rank 3, and its smallest eigenvalue is rounding.
    rng = np.random.default_rng(0)
    network = make_network(1, [1], [True, False])
    problem, trajectory = make_case(
        network, rng.standard_normal((6, 1)), rng.standard_normal((1, 40, 3))
    )
    got = tangent_kernel.measure(problem, trajectory, network, Spec(), threads=1)
    assert (got["kernel_min_eigenvalue"] >= 0).all()
