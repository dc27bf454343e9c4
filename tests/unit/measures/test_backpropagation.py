"""Jacobians (folded) and kernels by hand against one autograd call a sample."""

import numpy as np
import oracles
from hypothesis import given, settings

from small_networks import cases, snapshots_of
from sparsestep.measures import backpropagation


@settings(deadline=None, max_examples=60)
@given(case=cases())
def test_folded_jacobian_and_kernel(case):
    network, problem, trajectory = case
    x = problem.truth["x_fresh"][0]
    for _, theta in snapshots_of(trajectory):
        phi = oracles.mlp_jacobian(theta, x, network.shapes)
        kernel = phi @ phi.T
        atol = 1e-13 * max(1.0, np.abs(kernel).max())
        folded = backpropagation.folded_jacobian(network, theta[None], x)[0]
        assert folded.shape[1] == phi.shape[1] - network.sizes[-2]
        np.testing.assert_allclose(folded @ folded.T, kernel, rtol=1e-12, atol=atol)
        got = backpropagation.tangent_kernel(network, theta[None], x)[0]
        np.testing.assert_allclose(got, kernel, rtol=1e-12, atol=atol)


@settings(deadline=None, max_examples=20)
@given(case=cases())
def test_snapshots_together_as_one_by_one(case):
    network, problem, trajectory = case
    x = problem.truth["x_fresh"][0]
    thetas = trajectory.parameters[0]
    for function in (backpropagation.folded_jacobian, backpropagation.tangent_kernel):
        together = function(network, thetas, x)
        for theta, expected in zip(thetas, together, strict=True):
            np.testing.assert_allclose(function(network, theta[None], x)[0], expected, rtol=1e-13)
