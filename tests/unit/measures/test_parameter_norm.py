"""The norm of the parameters."""

import math

import numpy as np
import pytest
from hypothesis import given, settings

from small_networks import cases, snapshots_of
from sparsestep.measures import parameter_norm
from sparsestep.measures.parameter_norm import Spec


@settings(deadline=None, max_examples=30)
@given(case=cases())
def test_parameter_norm(case):
    network, problem, trajectory = case
    one, two = (
        parameter_norm.measure(problem, trajectory, network, Spec(), threads=threads)
        for threads in (1, 2)
    )
    assert list(one) == parameter_norm.columns(Spec())
    norms = one["parameter_norm"]
    assert norms.tobytes() == two["parameter_norm"].tobytes()
    assert (np.isnan(norms) == np.isnan(trajectory.parameters).any(axis=2)).all()
    for at, theta in snapshots_of(trajectory):
        assert norms[at] == pytest.approx(math.sqrt(math.fsum(p * p for p in theta)), rel=1e-14)
