"""Random crops and horizontal flips of a batch of images (paper: section 4, state of the art)."""

from typing import NamedTuple

import torch
from torch.nn import functional


class Draws(NamedTuple):
    """Where each of n crops starts in the padded image, (n,) rows and columns, and which flip."""

    top: torch.Tensor
    left: torch.Tensor
    flipped: torch.Tensor


def draw(images: int, padding: int, generator: torch.Generator) -> Draws:
    """Independent uniform draws, on the generator's device.

    `top` and `left` are in 0, ..., 2 padding (int64), `flipped` is true with probability 1/2.
    """
    top, left = torch.randint(
        2 * padding + 1, (2, images), generator=generator, device=generator.device
    )
    flipped = torch.randint(2, (images,), generator=generator, device=generator.device).bool()
    return Draws(top, left, flipped)


def crop_and_flip(images: torch.Tensor, draws: Draws, padding: int) -> torch.Tensor:
    """Crops of the size of the images, (n, C, H, W) of any dtype, as `draws` says.

    Each image is padded with `padding` zeros at each side, cropped, then mirrored left to right.
    Zero is the padded colour also where images have been standardised: their mean, not black.
    """
    count, channels, height, width = images.shape
    top, left, flipped = (drawn.to(images.device)[:, None] for drawn in draws)
    rows = top + torch.arange(height, device=images.device)
    columns = torch.arange(width, device=images.device)
    columns = left + torch.where(flipped, columns.flip(0), columns)
    # One gather from flattened images, each pixel's place in them the same for all channels.
    place = rows[:, :, None] * (width + 2 * padding) + columns[:, None, :]
    place = place.reshape(count, 1, height * width).expand(-1, channels, -1)
    padded = functional.pad(images, (padding,) * 4).flatten(start_dim=2)
    return padded.gather(2, place).view(count, channels, height, width)


def augment(images: torch.Tensor, generator: torch.Generator, padding: int = 4) -> torch.Tensor:
    """A random crop and flip of each image, (n, C, H, W).

    A generator on the CPU gives the same crops on every device.
    """
    return crop_and_flip(images, draw(len(images), padding, generator), padding)
