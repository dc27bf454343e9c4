"""Sharpness against dense Hessians by autograd."""

import numpy as np
import oracles
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from small_networks import REFERENCES, cases, reference_case, snapshots_of
from sparsestep.measures import sharpness
from sparsestep.measures.hessian import hessian_product
from sparsestep.measures.lanczos import largest_eigenvalues
from sparsestep.measures.sharpness import Spec


@settings(deadline=None, max_examples=40)
@given(case=cases())
def test_hessian_times_vectors(case):
    network, problem, trajectory = case
    x, y = problem.x_train[0], problem.y_train[0]
    thetas = trajectory.parameters[0]
    vectors = np.random.default_rng(0).standard_normal(thetas.shape)
    got = hessian_product(network, thetas, x, y)(vectors)
    for theta, vector, product in zip(thetas, vectors, got, strict=True):
        expected = oracles.mlp_hessian(theta, x, y, network.shapes) @ vector
        atol = 1e-12 * max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(product, expected, rtol=1e-10, atol=atol)


@settings(deadline=None, max_examples=40)
@given(case=cases())
def test_sharpness_is_the_largest_eigenvalue(case):
    network, problem, trajectory = case
    one, two = (
        sharpness.measure(problem, trajectory, network, Spec(), threads=threads)["sharpness"]
        for threads in (1, 2)
    )
    assert one.tobytes() == two.tobytes()
    assert (np.isnan(one) == np.isnan(trajectory.parameters).any(axis=2)).all()
    for at, theta in snapshots_of(trajectory):
        hessian = oracles.mlp_hessian(theta, problem.x_train[0], problem.y_train[0], network.shapes)
        values = np.linalg.eigvalsh(hessian)
        assert one[at] == pytest.approx(values[-1], abs=1e-6 * np.abs(values).max())


@pytest.mark.parametrize(("experiment", "run"), REFERENCES)
def test_sharpness_along_published_runs(experiment, run):
    network, problem, trajectory, _ = reference_case(experiment, run)
    got = sharpness.measure(problem, trajectory, network, Spec(), threads=2)["sharpness"]
    for at, theta in snapshots_of(trajectory):
        if at[1] in (0, 12):
            x, y = problem.x_train[0], problem.y_train[0]
            hessian = oracles.mlp_hessian(theta, x, y, network.shapes)
            assert got[at] == pytest.approx(np.linalg.eigvalsh(hessian)[-1], rel=1e-6)


@settings(deadline=None, max_examples=60)
@given(
    size=st.integers(1, 40),
    rank=st.integers(0, 40),
    shift=st.sampled_from([0.0, -1.0, 3.0]),
    scale=st.sampled_from([1e-120, 1.0, 1e120]),
    seed=st.integers(0, 10**6),
)
@example(size=9, rank=0, shift=-1.0, scale=1.0, seed=0)
@example(size=9, rank=2, shift=-30.0, scale=1.0, seed=0)
def test_largest_eigenvalues(size, rank, shift, scale, seed):
    """Also of zero matrices, multiples of the identity, and matrices without positive values."""
    root = np.random.default_rng(seed).standard_normal((4, size, min(rank, size)))
    matrices = scale * (root @ np.swapaxes(root, 1, 2) + shift * np.eye(size))
    matrices[0] = 0.0
    got = largest_eigenvalues(lambda v: (matrices @ v[..., None])[..., 0], 4, size)
    values = np.linalg.eigvalsh(matrices)
    assert (np.abs(got - values[:, -1]) <= 1e-6 * np.abs(values).max(axis=1)).all()


def test_close_eigenvalues():
    rng = np.random.default_rng(0)
    orthogonal, _ = np.linalg.qr(rng.standard_normal((2, 150, 150)))
    values = np.linspace(-1.0, 1.0, 150)
    matrices = orthogonal @ (values[:, None] * np.swapaxes(orthogonal, 1, 2))
    got = largest_eigenvalues(lambda v: (matrices @ v[..., None])[..., 0], 2, 150)
    np.testing.assert_allclose(got, 1.0, rtol=1e-6)
    # Ended early: from below, within the bound that images/measures/sharpness.py has; width is 2.
    for k in (13, 30):
        early = largest_eigenvalues(
            lambda v: (matrices @ v[..., None])[..., 0], 2, 150, iterations=k
        )
        bound = 0.103 * (np.log(150 * (k - 1.0) ** 4) / (k - 1)) ** 2
        assert (early < got).all()
        assert (got - early <= 2 * bound).all()


# Beside values in [0, 1]: how many of them are 1, and the others.
SPECTRA = {
    "negative-1e3": (1, [-1e3]),
    "negative-1e4": (1, [-1e4]),
    "negative-1e8": (1, [-1e8]),
    "many-negative": (1, [-1e3, -1e3, -2e3, -5e3, -1e4]),
    "degenerate": (20, [-1e4, -1e4]),
}


def dense_of(values, rng):
    orthogonal, _ = np.linalg.qr(rng.standard_normal((len(values), len(values))))
    return (orthogonal * values) @ orthogonal.T


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("ones", "others"), SPECTRA.values(), ids=SPECTRA)
def test_negative_eigenvalues_that_are_far_larger(ones, others, seed):
    """Ended by what is known of the largest eigenvalue, not of the one largest in magnitude."""
    rng = np.random.default_rng(seed)
    values = np.concatenate([rng.random(300 - ones - len(others)), np.ones(ones), others])
    # The largest in magnitude leaves rounding of that size in the others.
    rounding = 300 * np.finfo(float).eps * np.abs(values).max()
    matrix = dense_of(values, rng)
    expected = np.linalg.eigvalsh(matrix)[-1]
    for tolerance in (1e-3, 1e-6):
        (got,) = largest_eigenvalues(lambda v: v @ matrix, 1, 300, tolerance)
        assert abs(got - expected) <= tolerance + rounding
        assert got <= expected + rounding


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("low", "high"), [(-2.0, -1.0), (-1.0, 0.0), (-1e4, -1e-2), (0.0, 0.0), (1.0, 1.0)]
)
def test_spectra_without_a_positive_part_and_single_values(low, high, seed):
    rng = np.random.default_rng(seed)
    values = np.concatenate([rng.uniform(low, high, 298), [low, high]])
    (got,) = largest_eigenvalues(lambda v: v * values, 1, 300)
    assert abs(got - high) <= 1e-6 * abs(high) + 1e-12 * abs(low)
