"""Single runs of the iteration of Proposition 2.2 against a plain loop."""

import numpy as np
import pytest

from sparsestep.simulations import simulate

SPEC = {
    "kind": "stabilization_paths",
    "gamma_max": 1.2,
    "starts": [0.1, 0.5],
    "steps": 9,
    "seed": 5,
}
# Inputs x as a function of u, uniform on [0, 1).
DRAWN = {
    "uniform": (0.95, 1.0, lambda u: 0.95 + 0.05 * u),
    "constant": (2.0, 2.0, lambda u: 2.0),
    # The larger one with the probability `share`, 1/2 by default.
    "two_point": (1.9, 2.0, lambda u: 2.0 if u < 0.5 else 1.9),
}


@pytest.mark.parametrize("distribution", DRAWN)
def test_paths_are_the_plain_iteration(distribution):
    low, high, draw = DRAWN[distribution]
    inputs = {"name": "x", "distribution": distribution, "low": low, "high": high}
    table = simulate({**SPEC, "inputs": inputs})
    quantiles = np.random.default_rng(5).random((9, 2))
    for place, z in enumerate((0.1, 0.5)):
        path = table[table["start"] == z]
        assert path["step"].tolist() == list(range(10))
        expected = [z]
        for u in quantiles[:, place]:
            # theta* is 1, so that gamma = eta x^2, at most 1.2.
            gamma, now = 1.2 * (draw(u) / high) ** 2, expected[-1]
            expected.append(now + gamma * now * (1 - now**2))
        np.testing.assert_allclose(path["theta"], expected, rtol=1e-12)
    assert table["gamma_max"].unique().tolist() == [1.2]
    assert table["gamma_min"].unique() == pytest.approx([1.2 * (low / high) ** 2])
