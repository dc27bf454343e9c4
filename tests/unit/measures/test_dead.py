"""Which networks are dead, against the outputs one by one."""

import numpy as np
from hypothesis import given, settings

from small_networks import cases, make_case, make_network, snapshots_of
from sparsestep.measures import dead
from sparsestep.measures.dead import Spec
from sparsestep.models.dead import is_dead


@settings(deadline=None, max_examples=30)
@given(case=cases())
def test_dead_is_what_says_the_same_about_all_inputs(case):
    network, problem, trajectory = case
    measured = dead.measure(problem, trajectory, network, Spec(), threads=1)
    assert list(measured) == dead.columns(Spec())
    column = measured["dead"]
    assert (np.isnan(column) == np.isnan(trajectory.parameters).any(axis=2)).all()
    x = problem.of_replicate("x_train", 0)
    for at, theta in snapshots_of(trajectory):
        said = [float(network.predict(theta, x[[i]])[0]) for i in range(len(x))]
        same = all(abs(value - said[0]) <= 1e-10 * abs(said[0]) for value in said)
        assert column[at] == same


def test_all_units_of_one_layer_off():
    network = make_network(2, [3, 4], [True, True, True])
    theta = np.random.default_rng(0).standard_normal((1, 3, network.parameter_count))
    x = np.random.default_rng(1).standard_normal((5, 2))
    for snapshot, layer in ((1, 0), (2, 1)):
        weight, bias = network.layers(theta[:, snapshot])[layer]
        weight[:], bias[:] = 0.0, -1.0
    problem, trajectory = make_case(network, x, theta)
    measured = dead.measure(problem, trajectory, network, Spec(), threads=1)
    np.testing.assert_array_equal(measured["dead"], [[0.0, 1.0, 1.0]])


def test_constant_up_to_rounding():
    predictions = [[0.1 + 0.2, 0.3], [0.3, 0.3 + 1e-9], [0.0, 0.0], [np.nan, 0.3], [0.0, 1e-300]]
    dead = [True, False, True, False, False]
    np.testing.assert_array_equal(is_dead(np.array(predictions)), dead)
    # The sign of the output does not matter, but within one it does.
    np.testing.assert_array_equal(is_dead(-np.array(predictions)), dead)
    assert not is_dead(np.array([-0.3, 0.3]))
