"""Feature sparsity against deleting units one by one, and against published values."""

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from small_networks import REFERENCES, cases, make_case, make_network, reference_case, snapshots_of
from sparsestep.measures import feature_sparsity
from sparsestep.measures.feature_sparsity import Spec

# None that a correlation of a few samples hits exactly, like 1/2 of two units active once in three.
THRESHOLDS = st.sampled_from([0.53, 0.91, 0.99, 0.999])


@settings(deadline=None, max_examples=60)
@given(
    case=cases(),
    thresholds=st.lists(THRESHOLDS, max_size=3, unique=True),
)
def test_units_deleted_one_by_one(case, thresholds):
    network, problem, trajectory = case
    layers = len(network.sizes) - 2
    options = Spec(layers=layers, correlation_threshold=0.95, further_thresholds=thresholds)
    got = feature_sparsity.measure(problem, trajectory, network, options, threads=1)
    assert list(got) == feature_sparsity.columns(options)
    for at, theta in snapshots_of(trajectory):
        for layer in range(1, layers + 1):
            features = oracles.mlp_features(theta, problem.x_train[0], network.shapes, layer)
            name = f"feature_sparsity_layer{layer}"
            sparsity, distinct = oracles.feature_sparsity(features, 0.95)
            assert got[name][at] == pytest.approx(sparsity, rel=1e-14)
            assert got[f"distinct_neurons_layer{layer}"][at] == distinct
            assert got[f"raw_sparsity_layer{layer}"][at] == pytest.approx((features != 0).mean())
            for threshold in thresholds:
                sparsity, _ = oracles.feature_sparsity(features, threshold)
                assert got[f"{name}@{threshold}"][at] == pytest.approx(sparsity, rel=1e-14)


@settings(deadline=None, max_examples=20)
@given(case=cases())
def test_diverged_snapshots_are_nan_and_threads_do_not_matter(case):
    network, problem, trajectory = case
    one, two = (
        feature_sparsity.measure(problem, trajectory, network, Spec(), threads=threads)
        for threads in (1, 2)
    )
    for name, values in one.items():
        assert values.tobytes() == two[name].tobytes()
        assert (np.isnan(values) == np.isnan(trajectory.parameters).any(axis=2)).all()


def test_duplicates_leave_the_last_and_dead_units_go():
    network = make_network(1, [5], [True, False])
    # relu(x), relu(-x), 2 relu(x), a dead unit, relu(x) + relu(1): x + 1.
    theta = np.array([1.0, -1.0, 2.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0, 10.0, *[1.0] * 5])
    x = np.array([[-3.0], [-2.0], [-1.0], [1.0], [2.0], [3.0]])
    problem, trajectory = make_case(network, x, theta[None, None])
    options = Spec(correlation_threshold=0.999)
    got = feature_sparsity.measure(problem, trajectory, network, options, threads=1)
    assert got["distinct_neurons_layer1"][0, 0] == 3
    assert got["feature_sparsity_layer1"][0, 0] == pytest.approx((3 + 3 + 6) / 30)
    assert got["raw_sparsity_layer1"][0, 0] == pytest.approx((3 + 3 + 3 + 6) / 30)


@pytest.mark.parametrize("scale", [1e-200, 1e25])
def test_scale_of_the_features_does_not_matter(scale):
    network = make_network(2, [6], [True, False])
    rng = np.random.default_rng(0)
    theta = rng.standard_normal((1, 1, network.parameter_count))
    x = rng.standard_normal((5, 2))
    expected, got = (
        feature_sparsity.measure(*make_case(network, x, factor * theta), network, Spec(), threads=1)
        for factor in (1.0, scale)
    )
    for name, values in expected.items():
        np.testing.assert_array_equal(got[name], values)


def test_more_layers_than_the_network_has():
    network = make_network(1, [2], [False, False])
    case = make_case(network, np.ones((1, 1)), np.ones((1, 1, 4)))
    with pytest.raises(ValueError, match="layers must be at most 1, got 2"):
        feature_sparsity.measure(*case, network, Spec(layers=2), threads=1)


@pytest.mark.parametrize(("experiment", "run"), REFERENCES)
def test_published_values(experiment, run):
    network, problem, trajectory, arrays = reference_case(experiment, run)
    layers = len(network.sizes) - 2
    threshold = 0.999 if experiment == "relu_1d" else 0.99
    options = Spec(layers=layers, correlation_threshold=threshold)
    got = feature_sparsity.measure(problem, trajectory, network, options, threads=1)
    for layer in range(1, layers + 1):
        suffix = f"_layer{layer}" if layers > 1 else ""
        expected = arrays[f"{run}_feature_sparsity{suffix}"][[*range(0, 60, 5), -1]]
        np.testing.assert_allclose(got[f"feature_sparsity_layer{layer}"][0], expected, rtol=1e-12)
