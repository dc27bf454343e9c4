"""Networks on images as they start: modules with the initial parameters of a seed."""

from typing import TYPE_CHECKING

from sparsestep import registry
from sparsestep.images.networks.layers import ImageNetwork, initialise

if TYPE_CHECKING:
    from sparsestep.images.models import densenet, resnet


def build(
    spec: "densenet.Spec | resnet.Spec", channels: int, classes: int, seed: int = 0
) -> ImageNetwork:
    """The network that a model's Spec describes, float32, with this seed's start (`initialise`)."""
    network = registry.load("network", spec.kind).Network(spec, channels, classes)
    initialise(network, seed)
    return network


def from_spec(spec: dict, channels: int, classes: int, seed: int = 0) -> ImageNetwork:
    """The network that a validated `model:` block describes, with this seed's start."""
    return build(registry.load("model", spec["kind"]).Spec(**spec), channels, classes, seed)
