"""Ranks of the Jacobian against full SVDs of Jacobians by autograd, and published ranks."""

import dataclasses
import types

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from small_networks import REFERENCES, cases, reference_case, snapshots_of
from sparsestep import registry
from sparsestep.measures import mlp_jacobian
from sparsestep.measures.mlp_jacobian import Spec


def count_between(phi, threshold):
    """Counts just above and just below: a ratio at the threshold may fall on either side."""
    values = np.linalg.svd(phi, compute_uv=False)
    slack = 1e-14 + 1e-6 * threshold
    return [int((values > (threshold + sign * slack) * values[0]).sum()) for sign in (1, -1)]


@settings(deadline=None, max_examples=60)
@given(
    case=cases(), thresholds=st.sets(st.sampled_from([1e-10, 1e-7, 1e-6, 1e-3, 0.1]), max_size=3)
)
def test_ranks_are_those_of_a_full_svd(case, thresholds):
    network, problem, trajectory = case
    options = Spec(further_thresholds=sorted(thresholds))
    got = mlp_jacobian.measure(problem, trajectory, network, options, threads=1)
    assert list(got) == mlp_jacobian.columns(options)
    for at, theta in snapshots_of(trajectory):
        phi = oracles.mlp_jacobian(theta, problem.truth["x_fresh"][0], network.shapes)
        if not phi.any():
            assert all(values[at] == 0 for values in got.values())
            continue
        names = mlp_jacobian.columns(options)[:-2]
        for name, threshold in zip(names, [1e-4, *sorted(thresholds)], strict=True):
            low, high = count_between(phi, threshold)
            assert low <= got[name][at] <= high
        assert got["stable_rank"][at] == pytest.approx(oracles.stable_rank(phi), rel=1e-12)
        assert got["entropy_rank"][at] == pytest.approx(oracles.effective_rank(phi), rel=1e-4)


@settings(deadline=None, max_examples=20)
@given(case=cases())
def test_diverged_snapshots_are_nan_and_threads_do_not_matter(case):
    network, problem, trajectory = case
    one, two = (
        mlp_jacobian.measure(problem, trajectory, network, Spec(), threads=threads)
        for threads in (1, 2)
    )
    for name, values in one.items():
        assert values.tobytes() == two[name].tobytes()
        assert (np.isnan(values) == np.isnan(trajectory.parameters).any(axis=2)).all()


@pytest.mark.parametrize("scale", [1e-130, 1e-70, 1e25])
def test_ranks_at_extreme_scales(scale):
    network, problem, trajectory, _ = reference_case("relu_teacher", "small")
    expected = mlp_jacobian.measure(problem, trajectory, network, Spec(), threads=1)
    trajectory.parameters[:] *= scale
    got = mlp_jacobian.measure(problem, trajectory, network, Spec(), threads=1)
    for name, values in expected.items():
        np.testing.assert_allclose(got[name], values, rtol=1e-4)


@pytest.mark.parametrize(("experiment", "run"), REFERENCES)
def test_published_ranks(experiment, run):
    network, problem, trajectory, arrays = reference_case(experiment, run)
    options = Spec(further_thresholds=[1e-6, 1e-8])
    got = mlp_jacobian.measure(problem, trajectory, network, options, threads=2)
    # theta_first is every 5th snapshot, the ranks are every 25th.
    expected = arrays[f"{run}_rank_every25"][:3]
    np.testing.assert_array_equal(got["jacobian_rank"][0, [0, 5, 10]], expected)
    for (r, s), theta in snapshots_of(trajectory):
        phi = oracles.mlp_jacobian(theta, problem.truth["x_fresh"][0], network.shapes)
        for name, threshold in zip(got, [1e-4, 1e-6, 1e-8], strict=False):
            assert got[name][r, s] == oracles.rank(phi, threshold)
        assert got["stable_rank"][r, s] == pytest.approx(oracles.stable_rank(phi), rel=1e-12)
        assert got["entropy_rank"][r, s] == pytest.approx(oracles.effective_rank(phi), rel=1e-4)


def test_last_snapshot_has_about_the_last_published_rank():
    for experiment, run in REFERENCES:
        network, problem, trajectory, arrays = reference_case(experiment, run)
        got = mlp_jacobian.measure(problem, trajectory, network, Spec(), threads=2)
        assert got["jacobian_rank"][0, -1] == pytest.approx(
            arrays[f"{run}_rank_every25"][-1], abs=2
        )


def test_random_points_and_the_evenly_spaced_ones_beside():
    network, problem, trajectory, _ = reference_case("relu_1d", "decay2")
    problem = of_kink_regression(problem, replicates=[0, 0])
    options = Spec(random_points=True, further_thresholds=[1e-6])
    got = mlp_jacobian.measure(problem, trajectory, network, options, threads=2)
    assert list(got) == mlp_jacobian.columns(options)
    even = mlp_jacobian.measure(problem, trajectory, network, Spec(), threads=2)
    np.testing.assert_array_equal(got["jacobian_rank_even"], even["jacobian_rank"])
    x = mlp_jacobian.random_inputs(problem, 0)
    for at, theta in snapshots_of(trajectory):
        phi = oracles.mlp_jacobian(theta, x, network.shapes)
        assert got["jacobian_rank"][at] == oracles.rank(phi, 1e-4)
        assert got["jacobian_rank@1e-6"][at] == oracles.rank(phi, 1e-6)
        assert got["entropy_rank"][at] == pytest.approx(oracles.effective_rank(phi), rel=1e-4)
    # What the paper's choice of points amounts to.
    assert got["jacobian_rank"][0, -1] < got["jacobian_rank_even"][0, -1]


def test_random_points_are_uniform_a_replicate_s_own_and_the_same_in_any_batch():
    _, problem, _, _ = reference_case("relu_1d", "decay2")
    both = of_kink_regression(problem, replicates=[4, 5])
    fifth = of_kink_regression(problem, replicates=[5, 5])
    x, others = mlp_jacobian.random_inputs(both, 1), mlp_jacobian.random_inputs(both, 0)
    np.testing.assert_array_equal(x, mlp_jacobian.random_inputs(fifth, 0))
    assert len(np.intersect1d(x, others)) == 0
    fresh = problem.truth["x_fresh"][0]
    assert x.shape == fresh.shape
    relative = (x[:, 0] - fresh.min()) / (fresh.max() - fresh.min())
    assert stats.kstest(relative, "uniform").pvalue > 1e-3
    shared = of_kink_regression(problem, replicates=[4, 5], vary=["order"])
    np.testing.assert_array_equal(
        mlp_jacobian.random_inputs(shared, 0), mlp_jacobian.random_inputs(shared, 1)
    )


def of_kink_regression(problem, replicates, vary=("init", "order")):
    seeds = {"data_seed": 0, "init_seed": 3, "order_seed": 3, "vary": list(vary)}
    return dataclasses.replace(problem, spec={"problem": seeds, "replicates": replicates})


@pytest.mark.parametrize(("problem", "valid"), [("kink_regression", True), ("other", False)])
def test_random_points_are_for_evenly_spaced_inputs(problem, valid):
    network, *_ = reference_case("relu_1d", "decay2")
    block = types.SimpleNamespace(kind=problem, n_fresh=300)
    found = mlp_jacobian.mistakes(Spec(random_points=True), block, network)
    told = (
        "is for problems whose fresh inputs are evenly spaced (kink_regression); "
        "those of other are random already"
    )
    assert found == ({} if valid else {("measure", "jacobian_rank", "random_points"): told})


def test_same_name_in_config_as_for_diagonal_networks():
    assert registry.load("measure", "jacobian_rank", "mlp") is mlp_jacobian
