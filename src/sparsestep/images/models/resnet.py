"""Residual networks for small images (He et al. 2016; paper: section 4, Fig. 1)."""

from typing import ClassVar, Literal

from pydantic import Field

from sparsestep.fields import Closed, PositiveInt

_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


class Spec(Closed):
    """The ImageNet networks with a 3x3 stem of stride 1 and no max pooling."""

    # What the network's `features` returns; here, so that a config is checked without torch.
    block_names: ClassVar[tuple[str, ...]] = ("block1", "block2", "block3", "block4", "last")

    kind: Literal["resnet"]
    depth: Literal[18, 34] = Field(description="layers with weights, shortcuts not counted")
    width: PositiveInt = Field(default=64, description="channels of the first of four stages")

    @property
    def blocks(self) -> tuple[int, ...]:
        """Residual blocks of each stage."""
        return _BLOCKS[self.depth]

    def last_size(self, size: int) -> int:
        """Height and width of the last block's features, of images of this size."""
        return -(-size // 8)

    def numbers(self, channels: int, classes: int) -> int:
        """P, parameters and running statistics of batch norm; on images of so many channels."""
        inputs = self.width
        total = 9 * channels * inputs + 4 * inputs
        for stage, count in enumerate(self.blocks):
            outputs = 2**stage * self.width
            if outputs != inputs:
                total += inputs * outputs + 4 * outputs
            total += 9 * (inputs + (2 * count - 1) * outputs) * outputs + 8 * count * outputs
            inputs = outputs
        return total + (inputs + 1) * classes
