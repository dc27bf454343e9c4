"""Schedules and simulations are pure functions with the shapes that they promise."""

import examples
import numpy as np
import pytest

from sparsestep import registry
from sparsestep.simulations import simulate, summarise


@pytest.mark.parametrize("kind", registry.kinds("schedule"))
@pytest.mark.parametrize("iterations", [2, 7, 1000])
def test_a_schedule(kind, iterations):
    schedule = examples.schedules().get(kind)
    assert schedule is not None, f"no run of config.yaml or examples.yaml has schedule {kind!r}"
    eta, decays = schedule.step_sizes(iterations), schedule.decays(iterations)
    assert eta.shape == (iterations,)
    assert eta.dtype == np.float64
    assert np.isfinite(eta).all()
    assert (eta > 0).all()
    np.testing.assert_array_equal(eta, schedule.step_sizes(iterations))
    assert list(decays) == sorted(decays)
    for decay in decays:
        assert 0 <= decay <= iterations
        assert not 0 < decay < iterations or eta[decay] < eta[decay - 1]


@pytest.mark.parametrize("kind", registry.kinds("simulation"))
def test_a_simulation(kind):
    spec = examples.blocks("simulation")[kind].model_dump(mode="json")
    table = simulate(spec)
    assert len(table)
    for name in table:
        assert isinstance(name, str)
    assert simulate(spec, threads=2).equals(table)
    if kind in registry.kinds("summary"):
        short = summarise(spec, table)
        assert len(short)
        assert all(isinstance(name, str) for name in short)
