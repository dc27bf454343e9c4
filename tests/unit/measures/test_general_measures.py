"""Measurements of networks with any activation and loss, against those of mlp and plain torch."""

import dataclasses

import numpy as np
import pytest
import torch

from sparsestep import models, registry
from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.measures import autograd
from unit.models.test_general_mlp import ACTIVATIONS, labels, plain_loss, plain_module

MEASURES = {
    "losses": {},
    "dead": {},
    "jacobian_rank": {"threshold": 1e-2, "further_thresholds": [1e-4]},
    "feature_sparsity": {"layers": 2, "correlation_threshold": 0.8},
    "sharpness": {},
    "tangent_kernel": {"top": 2},
    "label_alignment": {"top": [1, 3]},
    "label_noise": {},
    "parameter_norm": {},
}


def network_of(activation="relu", loss="squared", kind="general_mlp"):
    block = {"kind": kind, "widths": [5, 4], "biases": [True, False, True]}
    block["weight_scales"] = [0.8] * 3
    if kind == "general_mlp":
        outputs = 3 if loss == "cross_entropy" else 1
        block |= {"activation": activation, "loss": loss, "outputs": outputs}
    return models.from_spec(block, 2)


def case(network, seed=0):
    """Problem and trajectory: two replicates of three snapshots; dead units, a divergence."""
    rng = np.random.default_rng(seed)
    loss, p = getattr(network.spec, "loss", "squared"), network.parameter_count
    y = np.stack([labels(loss, 6, rng) for _ in range(2)])
    parameters = rng.normal(size=(2, 3, p))
    parameters[0, 1, :15] = -np.abs(parameters[0, 1, :15])
    x = rng.normal(size=(2, 6, 2))
    problem = Problem(
        x_train=x,
        y_train=y,
        x_test=rng.normal(size=(2, 7, 2)),
        y_test=np.stack([labels(loss, 7, rng) for _ in range(2)]),
        theta0=parameters[:, 0] + 0.1,
        order=np.zeros((2, 3), np.int32),
        spec={},
        truth={"x_fresh": rng.normal(size=(1, p, 2))},
    )
    parameters[1, 2] = np.nan
    diverged_at = np.array([-1, 2])
    return problem, Trajectory(np.arange(3), parameters, np.ones((2, 3)), diverged_at, {})


def measured(name, network, problem, trajectory, options=None):
    kind = network.spec.kind
    module = registry.load("measure", name, kind)
    spec = module.Spec(**(MEASURES.get(name, {}) if options is None else options))
    found = module.measure(problem, trajectory, network, spec, 1)
    assert set(found) == set(module.columns(spec))
    assert all(np.isnan(values[1, 2]) for values in found.values())
    again = module.measure(problem, trajectory, network, spec, 2)
    for column, values in found.items():
        np.testing.assert_array_equal(again[column], values)
    return found


@pytest.mark.parametrize("name", MEASURES)
def test_of_relu_they_are_those_of_mlp(name):
    general, plain = network_of(), network_of(kind="mlp")
    own = measured(name, general, *case(general))
    expected = measured(name, plain, *case(plain))
    assert own.keys() == expected.keys()
    for column, values in expected.items():
        close = {"rtol": 1e-9, "atol": 1e-12}
        if column in ("sharpness", "entropy_rank"):
            # Neither is promised better than 1e-6 and 1e-4.
            close["rtol"] = 1e-5
        if column in ("label_noise_gap", "label_noise_mean"):
            # Rounding.
            close["atol"] = 1e-13
            assert np.nanmax(own[column]) < 1e-13
        np.testing.assert_allclose(own[column], values, **close, err_msg=column)


CASES = [(a, loss) for a in ACTIVATIONS for loss in ("squared", "logistic", "cross_entropy")]


@pytest.mark.parametrize(("activation", "loss"), CASES)
def test_losses_are_those_of_torchs_modules(activation, loss):
    network = network_of(activation, loss)
    problem, trajectory = case(network)
    own = measured("losses", network, problem, trajectory)
    for row, at in ((0, 0), (0, 2), (1, 1)):
        module = plain_module(network, trajectory.parameters[row, at])
        for part in ("train", "test"):
            x, y = (problem.of_replicate(f"{letter}_{part}", row) for letter in "xy")
            expected = plain_loss(network, module, x, y).item()
            np.testing.assert_allclose(own[f"{part}_loss"][row, at], expected, rtol=1e-12)


@pytest.mark.parametrize(("activation", "loss"), CASES)
def test_sharpness_is_that_of_the_whole_hessian(activation, loss):
    network = network_of(activation, loss)
    problem, trajectory = case(network)
    own = measured("sharpness", network, problem, trajectory)["sharpness"]
    theta = torch.tensor(trajectory.parameters[0, 2])
    module = plain_module(network, theta.numpy())
    shapes = {name: parameter for name, parameter in module.named_parameters()}

    def of(flat):
        parts, start = {}, 0
        for name, parameter in shapes.items():
            parts[name] = flat[start : start + parameter.numel()].reshape(parameter.shape)
            start += parameter.numel()
        called = lambda x: torch.func.functional_call(module, parts, (x,))  # noqa: E731
        return plain_loss(network, called, problem.x_train[0], problem.y_train[0])

    hessian = torch.autograd.functional.hessian(of, theta).numpy()
    np.testing.assert_allclose(own[0, 2], np.linalg.eigvalsh(hessian)[-1], rtol=2e-6)
    direction = np.random.default_rng(9).normal(size=(1, len(theta)))
    product = autograd.hessian_product(
        network, theta.numpy()[None], problem.x_train[0], problem.y_train[0]
    )
    np.testing.assert_allclose(product(direction)[0], hessian @ direction[0], atol=1e-11)


@pytest.mark.parametrize("loss", ["logistic", "cross_entropy"])
@pytest.mark.parametrize("activation", ["tanh", "leaky_relu"])
def test_jacobian_and_kernel_have_a_row_a_sample_and_output(activation, loss):
    network = network_of(activation, loss)
    problem, trajectory = case(network)
    x, y, theta = problem.x_train[0], problem.y_train[0], trajectory.parameters[0, :2]
    phi = autograd.jacobian(network, theta, x)
    module = plain_module(network, theta[1])
    rows = [
        torch.nn.utils.parameters_to_vector(
            torch.autograd.grad(output, list(module.parameters()), retain_graph=True)
        ).numpy()
        for output in module(torch.tensor(x)).flatten()
    ]
    np.testing.assert_allclose(phi[1], rows, rtol=1e-11, atol=1e-13)
    ranks = measured("jacobian_rank", network, problem, trajectory)
    fresh = autograd.jacobian(network, theta[1:], problem.truth["x_fresh"][0])[0]
    values = np.linalg.svd(fresh, compute_uv=False)
    assert ranks["jacobian_rank"][0, 1] == (values > 1e-2 * values[0]).sum()
    assert ranks["jacobian_rank@1e-4"][0, 1] == (values > 1e-4 * values[0]).sum()
    np.testing.assert_allclose(ranks["stable_rank"][0, 1], (values**2).sum() / values[0] ** 2)
    kernel = measured("tangent_kernel", network, problem, trajectory)
    k = phi[1] @ phi[1].T
    start = autograd.jacobian(network, problem.theta0[:1], x)[0]
    drift = np.linalg.norm(k - start @ start.T) / np.linalg.norm(start @ start.T)
    np.testing.assert_allclose(kernel["kernel_drift"][0, 1], drift)
    h = module(torch.tensor(x)).detach().numpy()
    if loss == "logistic":
        residual = -y / (1 + np.exp(y * h[:, 0]))
    else:
        shares = np.exp(h) / np.exp(h).sum(axis=1, keepdims=True)
        residual = (shares - np.eye(3)[y.astype(int)]).ravel()
    _, vectors = np.linalg.eigh(k)
    inside = ((vectors[:, -2:].T @ residual) ** 2).sum() / (residual**2).sum()
    np.testing.assert_allclose(kernel["residual_share_top"][0, 1], inside, rtol=1e-9)


@pytest.mark.parametrize("loss", ["logistic", "cross_entropy"])
def test_errors_are_counted(loss):
    network = network_of("gelu", loss)
    problem, trajectory = case(network)
    own = measured("errors", network, problem, trajectory)
    h = network.predict(trajectory.parameters[0], problem.x_test[0])
    guessed = np.sign(h) if loss == "logistic" else h.argmax(axis=2)
    np.testing.assert_array_equal(own["test_error"][0], (guessed != problem.y_test[0]).mean(axis=1))


def test_a_network_is_dead_where_all_outputs_are():
    network = network_of("relu", "cross_entropy")
    problem, trajectory = case(network)
    parameters = trajectory.parameters.copy()
    weights = parameters[0].copy()
    # Of the last layer, 3 x 4, all but one output's; then that one's.
    last = network.parameter_count - 15
    weights[1:, last : last + 8] = 0.0
    weights[2, last + 8 : last + 12] = 0.0
    parameters[0] = weights
    changed = dataclasses.replace(trajectory, parameters=np.abs(parameters))
    dead = measured("dead", network, problem, changed)["dead"]
    np.testing.assert_array_equal(dead[0], [0, 0, 1])


@pytest.mark.parametrize(
    ("name", "network", "told"),
    [
        ("errors", network_of("tanh"), "valid: logistic, cross_entropy"),
        ("label_noise", network_of("tanh", "logistic"), "is for the squared loss"),
        ("feature_sparsity", network_of("gelu"), "valid: model.activation relu"),
    ],
)
def test_what_is_undefined_is_told(name, network, told):
    module = registry.load("measure", name, "general_mlp")
    found = module.mistakes(module.Spec(), None, network)
    assert list(found) == [("measure", name)]
    assert told in found["measure", name]
    module = registry.load("measure", name, "general_mlp")
    assert module.mistakes(module.Spec(), None, network_of("relu", "squared")) == {} or (
        name == "errors"
    )


def test_too_few_fresh_inputs_are_told():
    network = network_of("tanh", "cross_entropy")
    module = registry.load("measure", "jacobian_rank", "general_mlp")
    assert network.parameter_count == 50

    class Fresh:
        kind = "teacher_student"
        n_fresh = 16

    (text,) = module.mistakes(module.Spec(), Fresh, network).values()
    assert "got 16; must be at least 17, the network's parameters over its outputs" in text
    Fresh.n_fresh = 17
    assert module.mistakes(module.Spec(), Fresh, network) == {}
