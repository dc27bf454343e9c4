"""DenseNet and ResNet against their definitions in float64, and against published sizes."""

import subprocess
import sys

import image_oracles
import pytest
import torch
from pydantic import ValidationError

from sparsestep.images.models import densenet, resnet
from sparsestep.images.networks.initial import build

DENSENETS = {
    "plain": {"depth": 10, "growth_rate": 3},
    "compressed": {"depth": 13, "growth_rate": 2, "compression": 0.6},
    "bottleneck": {"depth": 16, "growth_rate": 2, "bottleneck": True},
    "bc": {"depth": 16, "growth_rate": 2, "bottleneck": True, "compression": 0.5},
}


def densenet_spec(**options):
    return densenet.Spec(kind="densenet", **options)


def resnet_spec(**options):
    return resnet.Spec(kind="resnet", **options)


def scrambled(network):
    """The network in float64, with batch norms that have seen something and do something."""
    generator = torch.Generator().manual_seed(5)
    network = network.double()
    for name, values in network.state_dict().items():
        of_norm = "norm" in name or "shortcut.1" in name
        if (of_norm or name.endswith("bias")) and values.is_floating_point():
            noise = torch.rand(values.shape, generator=generator, dtype=torch.float64)
            positive = name.endswith(("weight", "running_var"))
            values.copy_(0.5 + noise if positive else noise - 0.5)
    return network


def check(network, images, reference):
    """Logits, features and running statistics in both modes."""
    for training in (False, True):
        network.train(training)
        state = {name: values.clone() for name, values in network.state_dict().items()}
        norm = image_oracles.Norms(state, training)
        logits, blocks = reference(images, state, norm)
        features = network.features(images)
        names = [f"block{number}" for number in range(1, len(blocks) + 1)]
        assert list(features) == [*names, "last"]
        assert features["last"] is features[names[-1]]
        for name, expected in zip(names, blocks, strict=True):
            torch.testing.assert_close(features[name], expected, rtol=1e-11, atol=1e-12)
            assert 0 < (features[name] == 0).double().mean() < 1
        got = network.classify(features["last"])
        torch.testing.assert_close(got, logits, rtol=1e-11, atol=1e-12)
        after = network.state_dict()
        changed = {
            name for name in state if "running" in name and (state[name] != after[name]).any()
        }
        assert changed == set(norm.running)
        for name, expected in norm.running.items():
            torch.testing.assert_close(after[name], expected, rtol=1e-11, atol=1e-12)
        torch.testing.assert_close(network(images), logits, rtol=1e-11, atol=1e-12)


def images_of(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize("options", DENSENETS.values(), ids=DENSENETS)
@pytest.mark.parametrize(("channels", "height", "width"), [(3, 8, 8), (1, 7, 9)])
@torch.no_grad()
def test_densenet(options, channels, height, width):
    spec = densenet_spec(**options)
    network = scrambled(build(spec, channels, 4, seed=0))
    layers = spec.layers_per_block
    # Every convolution and the classifier carry weights, and make up the depth.
    deep = [value for value in network.state_dict().values() if value.ndim in (2, 4)]
    assert len(deep) == spec.depth

    def reference(images, state, norm):
        return image_oracles.densenet(images, state, norm, layers, spec.bottleneck)

    check(network, images_of(3, channels, height, width), reference)


@pytest.mark.parametrize("depth", [18, 34])
@pytest.mark.parametrize(("channels", "height", "width"), [(3, 8, 8), (1, 9, 6)])
@torch.no_grad()
def test_resnet(depth, channels, height, width):
    spec = resnet_spec(depth=depth, width=3)
    network = scrambled(build(spec, channels, 4, seed=0))

    def reference(images, state, norm):
        return image_oracles.resnet(images, state, norm, spec.blocks)

    check(network, images_of(4, channels, height, width), reference)
    weights = [value for name, value in network.named_parameters() if "shortcut" not in name]
    assert sum(value.ndim in (2, 4) for value in weights) == depth


@pytest.mark.parametrize("size", [7, 8, 28, 32, 64])
@torch.no_grad()
def test_the_size_of_the_last_block_is_known_without_the_network(size):
    for spec in (densenet_spec(depth=7, growth_rate=1), resnet_spec(depth=18, width=1)):
        last = build(spec, 1, 10, 0).features(images_of(2, 1, size, size).float())["last"]
        assert last.shape[2:] == (spec.last_size(size), spec.last_size(size))


def densenet_size(depth, k, bottleneck, compression, classes=10):
    """Parameters counted from the definition."""
    m = (depth - 4) // (6 if bottleneck else 3)
    width = 2 * k if bottleneck and compression < 1 else 16
    total = 27 * width
    for block in range(3):
        for _ in range(m):
            one, three = (width * 4 * k + 8 * k, 4 * k) if bottleneck else (0, width)
            total += 2 * width + one + 9 * three * k
            width += k
        total += 2 * width
        if block < 2:
            total, width = total + width * int(compression * width), int(compression * width)
    return total + (width + 1) * classes


# Huang et al. 2017, table 2, in millions, to the digit that it prints.
@pytest.mark.parametrize(
    ("depth", "growth", "bc", "published"),
    [
        (40, 12, False, 1.0),
        (100, 12, False, 7.0),
        (100, 24, False, 27.2),
        (100, 12, True, 0.8),
        (250, 24, True, 15.3),
        (190, 40, True, 25.6),
    ],
)
def test_published_densenet_sizes(depth, growth, bc, published):
    options = {"bottleneck": bc, "compression": 0.5 if bc else 1.0}
    network = build(densenet_spec(depth=depth, growth_rate=growth, **options), 3, 10, 0)
    count = sum(values.numel() for values in network.parameters())
    assert count == densenet_size(depth, growth, **options)
    assert round(count / 1e6, 1) == published


@pytest.mark.parametrize(("bottleneck", "compression"), [(True, 1.0), (False, 0.5)])
def test_a_stem_of_two_growths_needs_bottleneck_and_compression(bottleneck, compression):
    options = {"bottleneck": bottleneck, "compression": compression}
    network = build(densenet_spec(depth=16, growth_rate=3, **options), 3, 10, 0)
    count = sum(values.numel() for values in network.parameters())
    assert count == densenet_size(16, 3, **options)


def resnet_size(blocks, width, classes):
    """Parameters counted from the definition."""
    total, inputs = 27 * width + 2 * width, width
    for stage, count in enumerate(blocks):
        outputs = width * 2**stage
        for block in range(count):
            total += 9 * inputs * outputs + 9 * outputs**2 + 4 * outputs
            total += inputs * outputs + 2 * outputs if stage and not block else 0
            inputs = outputs
    return total + (inputs + 1) * classes


# What is commonly reported for the variants for 32 x 32 images and ten classes, in millions.
@pytest.mark.parametrize(("depth", "published"), [(18, 11.17), (34, 21.28)])
def test_published_resnet_sizes(depth, published):
    spec = resnet_spec(depth=depth)
    network = build(spec, 3, 10, 0)
    count = sum(values.numel() for values in network.parameters())
    assert count == resnet_size(spec.blocks, 64, 10)
    assert round(count / 1e6, 2) == published


BUILDS = {
    "densenet": lambda seed: build(densenet_spec(**DENSENETS["bc"] | {"depth": 40}), 3, 10, seed),
    "resnet": lambda seed: build(resnet_spec(depth=18, width=8), 3, 10, seed),
}


@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
def test_initial_parameters(build):
    before = torch.get_rng_state()
    first, again, other = (build(seed).state_dict() for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    drawn = {name: weight for name, weight in first.items() if weight.ndim in (2, 4)}
    assert all((first[name] != other[name]).all() for name in drawn)
    normal = []
    for name, weight in drawn.items():
        if weight.ndim == 4:
            normal.append((weight * (weight[0].numel() / 2) ** 0.5).flatten())
        else:
            bound = weight.shape[1] ** -0.5
            assert 0.9 * bound < weight.abs().max() <= bound, name
    normal = torch.cat(normal).double()
    # Five standard deviations of the mean, the mean square and the share beyond 2 (0.0455).
    slack = 5 / len(normal) ** 0.5
    assert abs(normal.mean()) < slack
    assert abs((normal**2).mean() - 1) < 2**0.5 * slack
    assert abs((normal.abs() > 2).double().mean() - 0.0455) < 0.21 * slack
    for name in first.keys() - drawn.keys():
        one = name.endswith(("weight", "running_var"))
        assert (first[name] == one).all(), name


@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
def test_every_parameter_gets_a_gradient(build):
    network = build(0)
    features = network.features(images_of(4, 3, 8, 8).float())
    loss = torch.nn.functional.cross_entropy(network.classify(features["last"]), torch.arange(4))
    loss.backward()
    for name, values in network.named_parameters():
        assert values.grad.isfinite().all(), name
        assert values.grad.any(), name


@pytest.mark.parametrize(
    "options",
    [{"depth": 4}, {"depth": 41}, {"depth": 43, "bottleneck": True}, {"depth": 1}],
    ids=str,
)
def test_depths_that_do_not_divide(options):
    with pytest.raises(ValidationError, match="m > 0"):
        densenet_spec(growth_rate=12, **options)


def test_other_resnets():
    with pytest.raises(ValidationError, match="18 or 34"):
        resnet_spec(depth=50)


def test_specs_do_not_import_torch():
    code = "import sys, sparsestep.images.models.densenet, sparsestep.images.models.resnet; "
    code += "assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
