"""Singular values against LAPACK's."""

import numpy as np
import pytest

from sparsestep.arithmetic.singular_values import decompose


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (20, 10), (10, 20), (3, 40), (7, 1), (1, 7)])
@pytest.mark.parametrize("dependent", [False, True])
def test_against_lapack(shape, dependent):
    x = np.random.default_rng(shape).standard_normal(shape)
    if dependent and min(shape) > 2:
        x[:, 1], x[2] = x[:, 0], x[1]
    values, right = decompose(x)
    _, expected, directions = np.linalg.svd(x, full_matrices=False)
    kept = expected > 1e-13 * expected[0]
    np.testing.assert_allclose(values, expected[kept], rtol=1e-12)
    np.testing.assert_allclose(right @ right.T, np.eye(len(right)), atol=1e-13)
    np.testing.assert_allclose(abs(np.sum(right * directions[kept], axis=1)), 1, rtol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(x @ right.T, axis=0), values, rtol=1e-12)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (20, 20)])
def test_sign_of_a_direction_is_that_of_its_largest_component(shape):
    # Rotations alone leave some of these vectors with the other sign.
    _, right = decompose(np.random.default_rng(0).standard_normal(shape))
    largest = np.abs(right).argmax(axis=1)
    assert (right[np.arange(len(right)), largest] > 0).all()


@pytest.mark.parametrize("scale", [1e-60, 1e-12, 1e12, 1e60])
def test_scale_does_not_matter(scale):
    x = np.random.default_rng(1).standard_normal((9, 6))
    values, right = decompose(x)
    scaled, directions = decompose(scale * x)
    np.testing.assert_allclose(scaled, scale * values, rtol=1e-12)
    np.testing.assert_allclose(directions, right, atol=1e-12)
