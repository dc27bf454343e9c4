"""The loss that SGD on mini-batches saw, between the snapshots."""

from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Trajectory
from sparsestep.fields import Closed

if TYPE_CHECKING:
    from sparsestep.images.networks.layers import ImageNetwork
    from sparsestep.images.replicate import Images


class Spec(Closed):
    """No options."""


def columns(options: Spec) -> list[str]:
    """What `measure` returns."""
    return ["batch_loss"]


def measure(
    images: "Images", trajectory: Trajectory, network: "ImageNetwork", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """`batch_loss`, (1, S), float64: mean loss of the batches from a snapshot to the next.

    At the last one, where no batch follows: from the snapshot before, or of the batches to come.
    Batch norm in training mode, augmented images and noisy labels included: what the paper's
    training loss against time is, where `train_loss` is that of the network as it would be used.
    NaN where the run diverged before the next snapshot.
    """
    losses = trajectory.batch_loss.astype(np.float64)
    starts = trajectory.iterations.copy()
    ends = np.append(starts[1:], losses.shape[1])
    if starts[-1] == ends[-1]:
        starts[-1] = starts[-2]
    means = [losses[:, start:end].mean(axis=1) for start, end in zip(starts, ends, strict=True)]
    return {"batch_loss": np.stack(means, axis=1)}
