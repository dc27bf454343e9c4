"""Outputs of layers against NumPy, and the same bits whatever else is computed."""

import numpy as np
import pytest

from sparsestep.arithmetic.layers import of_samples, outputs, side_by_side


@pytest.mark.parametrize("samples", [1, 7, 8, 31, 64, 70])
@pytest.mark.parametrize(("units", "below"), [(1, 1), (3, 5), (20, 1), (2, 40)])
@pytest.mark.parametrize("rectify", [False, True])
def test_outputs_are_the_matrix_product(samples, units, below, rectify):
    rng = np.random.default_rng(samples)
    weight, bias = rng.standard_normal((4, units, below)), rng.standard_normal((4, units))
    x = rng.standard_normal((samples, below))
    expected = x @ np.swapaxes(weight, -1, -2) + bias[:, None, :]
    expected = np.maximum(expected, 0) if rectify else expected
    found = of_samples(outputs(weight, bias, side_by_side(x), rectify), samples)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    without = of_samples(outputs(weight, None, side_by_side(x)), samples)
    np.testing.assert_allclose(without, x @ np.swapaxes(weight, -1, -2), rtol=1e-12, atol=1e-13)


def test_inputs_may_differ_by_network():
    rng = np.random.default_rng(0)
    weight, x = rng.standard_normal((3, 2, 5)), rng.standard_normal((3, 6, 5))
    inputs = np.stack([side_by_side(part) for part in x])
    found = of_samples(outputs(weight, None, inputs), 6)
    np.testing.assert_allclose(found, x @ np.swapaxes(weight, -1, -2), rtol=1e-12)


def test_a_sum_is_the_same_bits_whatever_else_is_computed():
    rng = np.random.default_rng(1)
    weight, bias = rng.standard_normal((5, 4, 30)), rng.standard_normal((5, 4))
    x = rng.standard_normal((77, 30))
    all_at_once = of_samples(outputs(weight, bias, side_by_side(x)), 77)
    for network in range(5):
        for sample in (0, 33, 76):
            alone = outputs(weight[network], bias[network], side_by_side(x[[sample]]))
            assert of_samples(alone, 1).tobytes() == all_at_once[network, sample].tobytes()
