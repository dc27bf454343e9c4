"""Measuring the snapshots of a network on images, one by one."""

from collections.abc import Callable

import numpy as np
import torch

from sparsestep.artifacts.arrays import Trajectory
from sparsestep.images.networks import state
from sparsestep.images.networks.layers import ImageNetwork
from sparsestep.images.replicate import Images

# Pixels of the images that go through a network at a time: 4096 digits, 256 images of CIFAR, 64 of
# Tiny ImageNet. A DenseNet-100-12 takes about 5 kB a pixel.
PIXELS = 2**18


def measure_each(
    trajectory: Trajectory,
    network: ImageNetwork,
    names: list[str],
    of_network: Callable[[ImageNetwork], dict[str, float]],
) -> dict[str, np.ndarray]:
    """Columns `names`, each (1, S), float64, of what `of_network` returns.

    It gets the network with the parameters and running statistics of a snapshot, in eval mode. NaN
    for snapshots from the iteration on at which the run diverged.
    """
    (snapshots,) = trajectory.parameters
    values = {name: np.full((1, len(snapshots)), np.nan) for name in names}
    survived = trajectory.diverged_at[0] < 0
    for column, iteration in enumerate(trajectory.iterations):
        if survived or iteration < trajectory.diverged_at[0]:
            state.load(network, snapshots[column])
            for name, value in of_network(network.eval()).items():
                values[name][0, column] = value
    return values


@torch.no_grad()
def batched(
    images: Images, chosen: torch.Tensor, of_batch: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """`of_batch` of uint8 images (n, C, H, W), standardised, `PIXELS` at a time, joined again."""
    batch = max(1, PIXELS // (chosen.shape[-2] * chosen.shape[-1]))
    return torch.cat([of_batch(images.standardised(part)) for part in chosen.split(batch)])
