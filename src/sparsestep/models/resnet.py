"""Residual networks for small images (He et al. 2016; paper: section 4, Fig. 1).

Not in the registry yet: nothing trains on images.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from sparsestep.fields import Closed, PositiveInt

if TYPE_CHECKING:
    from sparsestep.models.resnet_module import ResNet

_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


class Spec(Closed):
    """The ImageNet networks with a 3x3 stem of stride 1 and no max pooling."""

    kind: Literal["resnet"]
    depth: Literal[18, 34] = Field(description="layers with weights, shortcuts not counted")
    width: PositiveInt = Field(default=64, description="channels of the first of four stages")

    @property
    def blocks(self) -> tuple[int, ...]:
        """Residual blocks of each stage."""
        return _BLOCKS[self.depth]


def build(spec: Spec, channels: int, classes: int, seed: int) -> "ResNet":
    """The network with the initial parameters of this seed (`image_layers.initialise`), float32."""
    from sparsestep.models.image_layers import initialise
    from sparsestep.models.resnet_module import ResNet

    network = ResNet(spec, channels, classes)
    initialise(network, seed)
    return network
