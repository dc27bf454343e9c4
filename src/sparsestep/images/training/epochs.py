"""Random draws of an epoch on images: order, crops, label noise, from seed and epoch.

Each is a pure function of (order seed, epoch), so that training resumes anywhere without the state
of any generator, and all runs of a replicate see the same batches, crops and noise.
"""

from dataclasses import dataclass

import numpy as np
import torch

from sparsestep.images.training.augmentation import Draws, draw

# Last in the seed sequences of epochs, which no other one ends with: those of replicates have 0, 1
# or 2 there (seeds.py), and that of the label noise of small networks ends before.
_STREAM = 4


@dataclass(frozen=True)
class Epoch:
    """An epoch's draws; b batches of B images.

    Attributes:
        order: indices of training images, (b, B), int64, without replacement.
        crops: of every image of every batch, (b B,), or None without augmentation.
        noisy: whose label is replaced, (b, B), bool, and `label`, by what, (b, B), int64; or None.
    """

    order: torch.Tensor
    crops: Draws | None
    noisy: torch.Tensor | None
    label: torch.Tensor | None

    def crops_of(self, batch: int) -> Draws:
        """The crops of the images of one batch."""
        size = self.order.shape[1]
        return Draws(*(drawn[batch * size : (batch + 1) * size] for drawn in self.crops))


@dataclass(frozen=True)
class Drawing:
    """How epochs are drawn: n images in batches of B, of K classes."""

    order_seed: int
    images: int
    batch_size: int
    classes: int
    crop_padding: int | None
    label_noise: float

    def epoch(self, number: int, device: torch.device | str) -> Epoch:
        """The draws of epoch 0, 1, ..., made on the CPU so that they are the same everywhere.

        Order, crops and noise have generators of their own: the words of
        `SeedSequence([order_seed, number, 4])`.
        """
        words = np.random.SeedSequence([self.order_seed, number, _STREAM]).generate_state(3)
        of_order, of_crops, of_noise = (torch.Generator().manual_seed(int(w)) for w in words)
        batches = self.images // self.batch_size
        count = batches * self.batch_size
        shape = (batches, self.batch_size)
        order = torch.randperm(self.images, generator=of_order)[:count].view(shape)
        crops = noisy = label = None
        if self.crop_padding is not None:
            drawn = draw(count, self.crop_padding, of_crops)
            crops = Draws(*(numbers.to(device) for numbers in drawn))
        if self.label_noise:
            noisy = (torch.rand(shape, generator=of_noise) < self.label_noise).to(device)
            label = torch.randint(self.classes, shape, generator=of_noise).to(device)
        return Epoch(order.to(device), crops, noisy, label)
