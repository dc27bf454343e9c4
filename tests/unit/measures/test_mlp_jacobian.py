"""Ranks of the Jacobian against full SVDs of Jacobians by autograd, and published ranks."""

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_same_name_in_config_as_for_diagonal_networks():
    assert registry.load("measure", "jacobian_rank", "mlp") is mlp_jacobian
