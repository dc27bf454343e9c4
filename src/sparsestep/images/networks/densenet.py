"""DenseNet as a torch module (Huang et al. 2017, section 3)."""

import torch
from torch import nn
from torch.nn import functional

from sparsestep.images.models.densenet import Spec
from sparsestep.images.networks.layers import ImageNetwork, NormReluConvolution, convolution, linear


class DenseBlock(nn.Module):
    """x, then k more channels a layer, each computed from all the channels before it."""

    def __init__(self, inputs: int, spec: Spec):
        super().__init__()
        growth = spec.growth_rate
        self.layers = nn.ModuleList(
            _layer(inputs + index * growth, spec) for index in range(spec.layers_per_block)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, inputs + m k, H, W) of (n, inputs, H, W)."""
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return x


def _layer(inputs: int, spec: Spec) -> nn.Module:
    growth = spec.growth_rate
    if not spec.bottleneck:
        return NormReluConvolution(inputs, growth, 3)
    return nn.Sequential(
        NormReluConvolution(inputs, 4 * growth, 1), NormReluConvolution(4 * growth, growth, 3)
    )


class Network(ImageNetwork):
    """Stem, three dense blocks, each with a batch norm and a ReLU behind it, classifier.

    Between two blocks follow a 1x1 convolution and a 2x2 average. What a block itself returns holds
    bare convolutions, never exactly zero; so `block1`, `block2`, `block3` are all its channels
    behind the batch norm and the ReLU that come next. `last` is `block3`.
    """

    def __init__(self, spec: Spec, channels: int, classes: int):
        super().__init__()
        width = spec.stem_channels
        self.stem = convolution(channels, width, 3)
        self.blocks, self.norms, self.transitions = (nn.ModuleList() for _ in range(3))
        for block in range(3):
            self.blocks.append(DenseBlock(width, spec))
            width += spec.layers_per_block * spec.growth_rate
            self.norms.append(nn.BatchNorm2d(width))
            if block < 2:
                passed_on = int(spec.compression * width)
                self.transitions.append(convolution(width, passed_on, 1))
                width = passed_on
        self.classifier = linear(width, classes)

    def features(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """`block1`, `block2`, `block3` and `last`, rectified, (n, C, H, W).

        H and W are those of the images, a half and a quarter of them, rounded down at each halving.
        """
        named = {}
        x = self.stem(x)
        for number, (block, norm) in enumerate(zip(self.blocks, self.norms, strict=True), 1):
            named[f"block{number}"] = rectified = functional.relu(norm(block(x)))
            if number < 3:
                x = functional.avg_pool2d(self.transitions[number - 1](rectified), 2)
        return {**named, "last": named["block3"]}
