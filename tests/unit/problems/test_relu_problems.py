"""The ReLU problems are the published ones, from published seeds."""

import numpy as np
import pytest
from published_relu import SPECS, make

from conftest import ROOT
from sparsestep.models import mlp


@pytest.mark.parametrize("name", SPECS)
def test_replicate_0_is_published(name):
    with np.load(ROOT / "tests" / "reference" / f"{name}.npz") as reference:
        problem = make(name, len(reference["order"]), (0, 0))
        np.testing.assert_array_equal(problem.order[0], reference["order"])
        np.testing.assert_array_equal(problem.theta0[0], reference["theta0"])
        np.testing.assert_allclose(problem.x_train[0], reference["x_train"], atol=6e-8)
        np.testing.assert_allclose(problem.y_train[0], reference["y_train"].ravel(), atol=3e-7)


@pytest.mark.parametrize("name", SPECS)
def test_data_are_float32_values_as_published(name):
    problem = make(name)
    arrays = [problem.x_train, problem.x_test]
    if name == "relu_1d":
        # Labels of a teacher are computed in float64.
        arrays += [problem.y_train, problem.y_test]
    for array in arrays:
        np.testing.assert_array_equal(array, array.astype(np.float32))


@pytest.mark.parametrize("name", SPECS)
def test_replicates_share_data_but_not_init_and_order(name):
    problem = make(name)
    assert len(problem.x_train) == 1
    assert len({theta.tobytes() for theta in problem.theta0}) == 3
    assert len({order.tobytes() for order in problem.order}) == 3
    part = make(name, replicates=(2, 2))
    np.testing.assert_array_equal(part.theta0[0], problem.theta0[2])
    np.testing.assert_array_equal(part.order[0], problem.order[2])


@pytest.mark.parametrize("name", ["relu_teacher", "relu_three_layer"])
def test_teacher_explains_its_labels(name):
    problem = make(name, vary=["data", "init", "order"])
    assert len({x.tobytes() for x in problem.x_train}) == 3
    np.testing.assert_allclose(np.linalg.norm(problem.x_test, axis=-1), 1, atol=1e-6)
    if name == "relu_teacher":
        w1, w2 = problem.truth["teacher"][1, :6].reshape(3, 2), problem.truth["teacher"][1, 6:]
        np.testing.assert_allclose(np.linalg.norm(w1, axis=1), 1, rtol=1e-12)
        assert set(np.abs(w2)) == {1.0}
        labels = np.maximum(problem.x_test[1] @ w1.T, 0) @ w2
        np.testing.assert_allclose(problem.y_test[1], labels, rtol=1e-12, atol=1e-15)


def test_fresh_points():
    fresh = make("relu_1d").truth["x_fresh"][0, :, 0]
    x = make("relu_1d").x_train
    assert (fresh[0], fresh[-1], len(fresh)) == (x.min(), x.max(), 300)
    teacher = make("relu_teacher")
    np.testing.assert_array_equal(teacher.truth["x_fresh"], teacher.x_test[:, :60])


def test_biases_of_scale_zero_are_zero_and_drawn_all_the_same():
    block = {"kind": "mlp", "widths": [5, 4], "biases": [True] * 3, "weight_scales": [1.0] * 3}
    of_torch, zero, one = (
        mlp.Network(mlp.Spec(**block, bias_scale=scale), 2) for scale in (None, 0.0, 1.0)
    )
    starts = [network.layers(network.initial_parameters(0)) for network in (of_torch, zero, one)]
    for (_, default), (weight, bias), (same, scaled) in zip(*starts, strict=True):
        assert default.all()
        assert scaled.all()
        assert not bias.any()
        # The weights behind a bias are those of any other scale.
        np.testing.assert_array_equal(weight, same)
