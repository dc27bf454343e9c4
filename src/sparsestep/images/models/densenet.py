"""Densely connected networks for small images (Huang et al. 2017; paper: section 4)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from sparsestep.fields import Closed, Float, PositiveInt


class Spec(Closed):
    """Three dense blocks of (depth - 4) / 3 convolutions; DenseNet-100-12 is depth 100, growth 12.

    DenseNet-BC has a bottleneck and compression 0.5.
    """

    # What the network's `features` returns; here, so that a config is checked without torch.
    block_names: ClassVar[tuple[str, ...]] = ("block1", "block2", "block3", "last")

    kind: Literal["densenet"]
    bottleneck: bool = Field(
        default=False, description="whether a 1x1 convolution to 4 k channels precedes each 3x3"
    )
    compression: Annotated[Float, Field(gt=0, le=1)] = Field(
        default=1.0, description="share of its channels that a block passes on to the next"
    )
    # The size of a replicate's snapshots is added up layer by layer before the first job.
    depth: Annotated[PositiveInt, Field(le=10_000)] = Field(
        description="layers with weights; 3 m + 4, with a bottleneck 6 m + 4"
    )
    growth_rate: PositiveInt = Field(description="k, channels that each layer of a block adds")

    @field_validator("depth")
    @classmethod
    def _of_three_equal_blocks(cls, depth: int, others: ValidationInfo) -> int:
        multiple = 6 if others.data.get("bottleneck") else 3
        if depth <= 4 or (depth - 4) % multiple:
            raise ValueError(f"must be {multiple} m + 4 with a whole number m > 0")
        return depth

    @model_validator(mode="after")
    def _passes_something_on(self):
        width = self.stem_channels
        for _ in range(2):
            width = int(self.compression * (width + self.layers_per_block * self.growth_rate))
            if width < 1:
                raise ValueError("compression leaves no channels between two blocks")
        return self

    @property
    def layers_per_block(self) -> int:
        """m, the 3x3 convolutions of a dense block."""
        return (self.depth - 4) // (6 if self.bottleneck else 3)

    def numbers(self, channels: int, classes: int) -> int:
        """P, parameters and running statistics of batch norm; on images of so many channels."""
        growth, width = self.growth_rate, self.stem_channels
        total = 9 * channels * width
        for block in range(3):
            for _ in range(self.layers_per_block):
                inner = 4 * growth if self.bottleneck else width
                total += (4 * width + width * inner if self.bottleneck else 0) + 4 * inner
                total += 9 * inner * growth
                width += growth
            total += 4 * width
            if block < 2:
                passed_on = int(self.compression * width)
                total += width * passed_on
                width = passed_on
        return total + (width + 1) * classes

    def last_size(self, size: int) -> int:
        """Height and width of the last block's features, of images of this size."""
        return size // 4

    @property
    def stem_channels(self) -> int:
        """Channels of the first convolution: 2 k in DenseNet-BC, else 16."""
        is_bc = self.bottleneck and self.compression < 1
        return 2 * self.growth_rate if is_bc else 16
