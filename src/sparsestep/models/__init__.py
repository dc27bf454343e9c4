"""Models: layout of the parameters in one flat vector, initial values, forward pass."""

from typing import TYPE_CHECKING, Any

from sparsestep import registry

if TYPE_CHECKING:
    from sparsestep.models.image_layers import ImageNetwork


def from_spec(spec: dict, dimension: int) -> Any:
    """The network that a validated `model:` block describes, on inputs of this dimension."""
    module = registry.load("model", spec["kind"])
    return module.Network(module.Spec(**spec), dimension)


def on_images(spec: dict, channels: int, classes: int, seed: int = 0) -> "ImageNetwork":
    """The network on images that a validated `model:` block describes, with this seed's start."""
    module = registry.load("model", spec["kind"])
    return module.build(module.Spec(**spec), channels, classes, seed)
