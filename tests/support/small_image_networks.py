"""Small networks on random images, trajectories by hand, and their definitions in float64."""

import image_oracles
import numpy as np
import torch

from sparsestep.artifacts.arrays import Trajectory
from sparsestep.images.models import densenet, resnet
from sparsestep.images.networks import initial
from sparsestep.images.networks import state as image_state
from sparsestep.images.replicate import Images

CLASSES = 3
SPECS = {
    "densenet": densenet.Spec(kind="densenet", depth=10, growth_rate=4),
    "resnet": resnet.Spec(kind="resnet", depth=18, width=4),
}
# Small enough for a dense Hessian.
SMALLEST = {
    "densenet": densenet.Spec(
        kind="densenet", depth=10, growth_rate=2, bottleneck=True, compression=0.5
    ),
    "resnet": resnet.Spec(kind="resnet", depth=18, width=1),
}


def random_images():
    """Eighteen to train on, seven to test on, 2 x 6 x 6."""
    generator = torch.Generator().manual_seed(2)

    def drawn(count):
        x = torch.randint(256, (count, 2, 6, 6), generator=generator, dtype=torch.uint8)
        return x, torch.randint(CLASSES, (count,), generator=generator)

    moments = {"mean": torch.tensor([120.0, 90.0]), "std": torch.tensor([70.0, 40.0])}
    (x_train, y_train), (x_test, y_test) = drawn(18), drawn(7)
    return Images(x_train, y_train, x_test, y_test, **moments, classes=CLASSES)


def network_of(spec, seed=0):
    """The network with this seed's start."""
    return initial.build(spec, 2, CLASSES, seed)


def scrambled(network, seed):
    """Batch norms that have seen something and do something."""
    generator = torch.Generator().manual_seed(seed)
    for name, values in image_state.entries(network).items():
        if values.ndim == 1:
            noise = torch.rand(values.shape, generator=generator)
            positive = name.endswith(("weight", "running_var"))
            values.copy_(0.5 + noise if positive else 0.6 * (noise - 0.5))
    return network


def trajectory_of(states, diverged_at=-1):
    """Of one replicate, with snapshots at iterations 0, 10, 20, ..."""
    return Trajectory(
        iterations=10 * np.arange(len(states)),
        parameters=np.stack(states)[None],
        step_sizes=np.full((1, len(states)), 0.1),
        diverged_at=np.array([diverged_at]),
        spec={},
    )


def states_of(spec, seeds=(3, 4)):
    """Flat vectors, float32, of scrambled networks."""
    return [image_state.flatten(scrambled(network_of(spec, s), s)).numpy() for s in seeds]


def oracle(spec, state):
    """Logits and features by name, in float64, of the network with a stored state."""
    network = network_of(spec)
    image_state.load(network, state)
    tensors = {name: values.double() for name, values in image_state.entries(network).items()}
    return lambda x: forward(spec, tensors, x)


def forward(spec, tensors, x):
    """Logits and features by name, of tensors by name."""
    norm = image_oracles.Norms(tensors, training=False)
    if spec.kind == "resnet":
        logits, blocks = image_oracles.resnet(x, tensors, norm, spec.blocks)
    else:
        layers, bottleneck = spec.layers_per_block, spec.bottleneck
        logits, blocks = image_oracles.densenet(x, tensors, norm, layers, bottleneck)
    return logits, dict(zip(spec.block_names, [*blocks, blocks[-1]], strict=True))


def standardised(images, x):
    """float64, of images (n, C, H, W)."""
    return (x.double() - images.mean[:, None, None]) / images.std[:, None, None]
