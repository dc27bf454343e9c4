"""Networks with any activation and loss: outputs, losses and their gradients, labels."""

import numpy as np
import pytest
import torch

from sparsestep.models import differentiable, general_mlp, mlp
from sparsestep.models.differentiable import Form

ACTIVATIONS = {
    "relu": torch.nn.ReLU,
    "leaky_relu": torch.nn.LeakyReLU,
    "tanh": torch.nn.Tanh,
    "gelu": torch.nn.GELU,
    "silu": torch.nn.SiLU,
    "identity": torch.nn.Identity,
}
LOSSES = {"squared": 1, "logistic": 1, "cross_entropy": 3}


def network(activation="tanh", loss="squared", biases=(True, True, False), widths=(4, 3)):
    """A small network on two inputs."""
    spec = {"kind": "general_mlp", "widths": list(widths), "biases": list(biases)}
    spec |= {"weight_scales": [0.8] * len(biases), "activation": activation, "loss": loss}
    return general_mlp.Network(general_mlp.Spec(**spec, outputs=LOSSES[loss]), 2)


def labels(loss, count, rng):
    if loss == "squared":
        return rng.normal(size=count)
    if loss == "logistic":
        return rng.choice([-1.0, 1.0], size=count)
    return rng.integers(3, size=count).astype(float)


def plain_module(of, theta):
    """The same network, from torch's modules."""
    layers = []
    for outputs, inputs, has_bias in of.shapes:
        layers += [torch.nn.Linear(inputs, outputs, bias=has_bias, dtype=torch.float64)]
        layers += [ACTIVATIONS[of.spec.activation]()]
    module = torch.nn.Sequential(*layers[:-1])
    torch.nn.utils.vector_to_parameters(torch.tensor(theta), module.parameters())
    return module


def plain_loss(of, module, x, y):
    h = module(torch.tensor(x))
    if of.spec.loss == "squared":
        return torch.nn.MSELoss()(h[:, 0], torch.tensor(y))
    if of.spec.loss == "logistic":
        return torch.log(1 + torch.exp(-torch.tensor(y) * h[:, 0])).mean()
    return torch.nn.CrossEntropyLoss()(h, torch.tensor(y).long())


def losses_and_gradients(of, theta, x, y):
    """(R,) and (R, P), all replicates at once."""
    form, leaf = Form(of), torch.tensor(theta, requires_grad=True)
    h = form.outputs(form.parts(leaf), torch.tensor(x)[None])
    losses = form.sample_losses(h, torch.tensor(y)[None]).mean(dim=1)
    (gradient,) = torch.autograd.grad(losses.sum(), leaf)
    return losses.detach().numpy(), gradient.numpy()


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_losses_and_gradients_are_those_of_torchs_modules(activation, loss):
    rng, of = np.random.default_rng(0), network(activation, loss)
    theta = rng.normal(size=(5, of.parameter_count))
    x, y = rng.normal(size=(7, 2)), labels(loss, 7, rng)
    losses, gradients = losses_and_gradients(of, theta, x, y)
    for row, parameters in enumerate(theta):
        module = plain_module(of, parameters)
        expected = plain_loss(of, module, x, y)
        own = torch.autograd.grad(expected, list(module.parameters()))
        flat = torch.nn.utils.parameters_to_vector(own).numpy()
        np.testing.assert_allclose(losses[row], expected.item(), rtol=1e-13)
        np.testing.assert_allclose(gradients[row], flat, rtol=1e-11, atol=1e-13)
        h = module(torch.tensor(x)).detach().numpy()
        predicted = of.predict(parameters[None], x)[0]
        assert predicted.shape == ((7,) if of.spec.outputs == 1 else (7, 3))
        np.testing.assert_allclose(predicted.reshape(7, -1), h, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_are_finite_differences(activation, loss):
    rng, of = np.random.default_rng(1), network(activation, loss)
    theta = rng.normal(size=of.parameter_count)
    x, y = rng.normal(size=(6, 2)), labels(loss, 6, rng)
    _, gradients = losses_and_gradients(of, theta[None], x, y)
    beside = theta + 1e-6 * np.concatenate([np.eye(len(theta)), -np.eye(len(theta))])
    above, below = losses_and_gradients(of, beside, x, y)[0].reshape(2, -1)
    np.testing.assert_allclose(gradients[0], (above - below) / 2e-6, atol=1e-7)


def test_relu_with_one_output_is_the_mlp():
    rng = np.random.default_rng(2)
    of = network("relu")
    block = {key: getattr(of.spec, key) for key in mlp.Spec.model_fields}
    plain = mlp.Network(mlp.Spec(**block | {"kind": "mlp"}), 2)
    np.testing.assert_array_equal(of.initial_parameters(3), plain.initial_parameters(3))
    theta, x = rng.normal(size=(4, of.parameter_count)), rng.normal(size=(9, 2))
    np.testing.assert_allclose(of.predict(theta, x), plain.predict(theta, x), rtol=1e-12)
    for own, other in zip(of.features(theta, x), plain.features(theta, x), strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-12, atol=1e-14)


def test_losses_of_large_outputs_are_finite():
    form = Form(network("tanh", "logistic"))
    h = torch.tensor([[[1e4], [-1e4], [800.0]]], dtype=torch.float64)
    losses = form.sample_losses(h, torch.tensor([[-1.0, -1.0, 1.0]], dtype=torch.float64))
    np.testing.assert_allclose(losses.numpy(), [[1e4, 0.0, 0.0]], atol=1e-300)


def test_two_classes_may_be_numbered_as_signs():
    signs, numbers = torch.tensor([-1.0, 1.0, 1.0]), torch.tensor([0.0, 1.0, 1.0])
    assert differentiable.class_numbers(signs, 2).tolist() == [0, 1, 1]
    assert differentiable.class_numbers(numbers, 2).tolist() == [0, 1, 1]
    assert differentiable.class_numbers(torch.tensor([0.0, 2.0, 1.0]), 3).tolist() == [0, 2, 1]
    form = Form(network("tanh", "logistic"))
    h = torch.tensor([[[0.5], [-2.0], [1.0]]])
    losses = [form.sample_losses(h, y[None]) for y in (signs, numbers)]
    np.testing.assert_array_equal(losses[0].numpy(), losses[1].numpy())
    assert form.wrong(h, signs[None]).tolist() == [[True, True, False]]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"loss": "cross_entropy"}, "2 or more"),
        ({"loss": "logistic", "outputs": 2}, "must be 1 with loss logistic"),
        ({"outputs": 2}, "must be 1 with loss squared"),
        ({"activation": "sine"}, "relu"),
    ],
)
def test_what_does_not_go_together_is_told(changes, told):
    block = {"kind": "general_mlp", "widths": [3], "biases": [True] * 2, "weight_scales": [1.0] * 2}
    with pytest.raises(ValueError, match=told):
        general_mlp.Spec(**block, **changes)
