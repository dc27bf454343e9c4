"""ResNet as a torch module (He et al. 2016, section 3.3, projection shortcuts)."""

import torch
from torch import nn
from torch.nn import functional

from sparsestep.images.models.resnet import Spec
from sparsestep.images.networks.layers import ImageNetwork, convolution, linear


class ResidualBlock(nn.Module):
    """relu(x + F(x)), F two 3x3 convolutions, each normalised; x projected where shapes differ."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.first = convolution(inputs, outputs, 3, stride)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = convolution(outputs, outputs, 3)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity()
        if stride > 1 or inputs != outputs:
            projection = convolution(inputs, outputs, 1, stride)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, outputs, ceil(H / stride), ceil(W / stride)) of (n, inputs, H, W)."""
        inner = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.shortcut(x) + self.second_norm(self.second(inner)))


class Network(ImageNetwork):
    """Stem, four stages of residual blocks, classifier; stages 2 to 4 halve the size."""

    def __init__(self, spec: Spec, channels: int, classes: int):
        super().__init__()
        inputs = spec.width
        self.stem = convolution(channels, inputs, 3)
        self.stem_norm = nn.BatchNorm2d(inputs)
        self.stages = nn.ModuleList()
        for stage, count in enumerate(spec.blocks):
            outputs, stride = 2**stage * spec.width, 1 if stage == 0 else 2
            later = [ResidualBlock(outputs, outputs, 1) for _ in range(count - 1)]
            self.stages.append(nn.Sequential(ResidualBlock(inputs, outputs, stride), *later))
            inputs = outputs
        self.classifier = linear(inputs, classes)

    def features(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """`block1`, ..., `block4`, what each stage returns, and `last`; (n, C, H, W).

        H and W are those of the images, then halved at each stage, rounded up. `last` is `block4`.
        """
        named = {}
        x = functional.relu(self.stem_norm(self.stem(x)))
        for number, stage in enumerate(self.stages, 1):
            named[f"block{number}"] = x = stage(x)
        return {**named, "last": x}
