"""Sharpness of networks on images, and products with the Hessian, against dense Hessians."""

import image_oracles
import numpy as np
import pytest
import torch
from small_image_networks import (
    SMALLEST,
    forward,
    network_of,
    random_images,
    states_of,
    trajectory_of,
)

from sparsestep.images.measures import hessian as image_hessian
from sparsestep.images.measures import sharpness
from sparsestep.images.networks import state as image_state


@pytest.fixture(autouse=True)
def few_at_a_time(monkeypatch):
    """Batches that do not divide the numbers of images."""
    monkeypatch.setattr(image_hessian, "PIXELS", 5 * 36)


@pytest.fixture(scope="module")
def images():
    return random_images()


def dense_hessian(images, spec, state, count):
    """(P, P), float64, of the loss of the first images, from the definition of the network."""
    network = network_of(spec)
    image_state.load(network, state)
    tensors = {name: values.double() for name, values in image_state.entries(network).items()}
    learned = {name: values.shape for name, values in network.named_parameters()}
    theta = torch.cat([tensors[name].reshape(-1) for name in learned])
    # As float32 leaves them: the comparison goes to more digits than it has.
    x = images.standardised(images.x_train[:count]).double()

    def loss(theta):
        parts = theta.split([shape.numel() for shape in learned.values()])
        own = {n: p.view(s) for (n, s), p in zip(learned.items(), parts, strict=True)}
        logits, _ = forward(spec, {**tensors, **own}, x)
        return image_oracles.cross_entropy(logits, images.y_train[:count]).mean()

    return torch.autograd.functional.hessian(loss, theta, vectorize=True).numpy()


@pytest.mark.parametrize("spec", SMALLEST.values(), ids=SMALLEST)
def test_sharpness(images, spec):
    """Batches of five of twelve images; running statistics stay, and are no parameters."""
    (state,) = states_of(spec, [5])
    values = np.linalg.eigvalsh(dense_hessian(images, spec, state, 12))
    norm = np.abs(values).max()
    assert values[0] < 0 < values[-1]
    before = torch.from_numpy(state)

    def measured(network, **options):
        chosen = sharpness.Spec(images=12, **options)
        found = sharpness.measure(images, trajectory_of([state]), network, chosen, 1)
        assert torch.equal(image_state.flatten(network).float(), before)
        assert all(parameter.grad is None for parameter in network.parameters())
        return found["sharpness"].item()

    in_float64 = network_of(spec).double()
    for tolerance in (1e-1, 1e-3, 1e-7):
        got = measured(in_float64, tolerance=tolerance)
        assert abs(got - values[-1]) <= max(tolerance**1.5, 1e-11) * norm
    assert measured(network_of(spec)) == pytest.approx(values[-1], abs=3e-6 * norm)
    # Ended early, it is what it has by then, from below.
    few = [measured(in_float64, tolerance=1e-12, iterations=k) for k in (1, 4, 8)]
    assert few == sorted(few)
    assert values[0] < few[0] < 0.9 * values[-1]
    assert few[2] <= values[-1] * (1 + 1e-12)


def test_products_with_the_hessian(images, monkeypatch):
    spec = SMALLEST["densenet"]
    (state,) = states_of(spec, [6])
    network = network_of(spec).double()
    image_state.load(network, state)
    hessian = dense_hessian(images, spec, state, 18)
    vector = np.random.default_rng(0).standard_normal(len(hessian))
    for pixels in (1, 36 * 7, 36 * 1000):
        monkeypatch.setattr(image_hessian, "PIXELS", pixels)
        product = image_hessian.hessian_product(
            images, network.eval(), images.x_train, images.y_train
        )
        with torch.no_grad():
            got = product(vector)
        np.testing.assert_allclose(got, hessian @ vector, rtol=1e-9, atol=1e-10)


def test_sharpness_of_a_dead_network(images):
    """Only the classifier's biases matter: the Hessian's rank is two, all its Krylov spaces end."""
    spec = SMALLEST["densenet"]
    network = network_of(spec)
    for norm in network.norms:
        torch.nn.init.zeros_(norm.weight)
    torch.nn.init.zeros_(network.classifier.weight)
    state = image_state.flatten(network).numpy()
    got = sharpness.measure(images, trajectory_of([state]), network, sharpness.Spec(), 1)
    # All classes equally likely: I / 3 - 1 / 9.
    assert got["sharpness"].item() == pytest.approx(1 / 3, rel=1e-6)
