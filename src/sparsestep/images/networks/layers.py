"""Layers of image networks, without random numbers of their own, and their initial values."""

import torch
from torch import nn
from torch.nn import functional


class ImageNetwork(nn.Module):
    """A network on images (n, channels, H, W) of any size that ends in a linear `classifier`.

    Subclasses define `features(x)`. A forward pass is one call of it; nothing hooks into layers.
    """

    classifier: nn.Linear

    def features(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Rectified activations (n, C, H, W) by name: `block1`, `block2`, ... and `last`.

        `last`, what is averaged over positions before the classifier, is the last block's.
        """
        raise NotImplementedError

    def classify(self, last: torch.Tensor) -> torch.Tensor:
        """Logits, (n, classes), of `features(x)["last"]`."""
        return self.classifier(last.mean(dim=(2, 3)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits, (n, classes)."""
        return self.classify(self.features(x)["last"])


class _NotSet:
    """A layer whose parameters are not set.

    The constructors' own initial values would come from torch's global generator.
    `nn.utils.skip_init` does the same by way of torch's Python references, whose first use takes
    0.2 s of every job.
    """

    def reset_parameters(self) -> None:
        """Nothing."""


class _Convolution(_NotSet, nn.Conv2d):
    pass


class _Linear(_NotSet, nn.Linear):
    pass


def convolution(inputs: int, outputs: int, width: int, stride: int = 1) -> nn.Conv2d:
    """width x width, no bias, padded so that stride 1 keeps the size; its weight is not set."""
    return _Convolution(inputs, outputs, width, stride=stride, padding=width // 2, bias=False)


def linear(inputs: int, outputs: int) -> nn.Linear:
    """A fully connected layer with biases; its parameters are not set."""
    return _Linear(inputs, outputs)


class NormReluConvolution(nn.Module):
    """relu(batch norm(x)), then a convolution."""

    def __init__(self, inputs: int, outputs: int, width: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.convolution = convolution(inputs, outputs, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, outputs, H, W) of (n, inputs, H, W)."""
        return self.convolution(functional.relu(self.norm(x)))


@torch.no_grad()
def initialise(network: ImageNetwork, seed: int) -> None:
    """Draw the initial parameters, in place, in the order of `network.modules()`.

    Convolutions: N(0, 2 / (inputs k^2)), k x k (He et al. 2015, eq. 10, the forward form). Linear:
    weight U(-b, b), b = 1 / sqrt(inputs), bias 0. Batch norm: scale 1, shift 0, running mean 0,
    running variance 1. float32 from torch's CPU generator, so that the start is the same on every
    device.
    """
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
        elif isinstance(module, nn.Linear):
            bound = module.in_features**-0.5
            nn.init.uniform_(module.weight, -bound, bound, generator=generator)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
