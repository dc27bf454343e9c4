"""Models: layout of the parameters in one flat vector, initial values, forward pass."""

from typing import TYPE_CHECKING

from sparsestep import registry

if TYPE_CHECKING:
    from sparsestep.contracts import Network


def from_spec(spec: dict, dimension: int) -> "Network":
    """The network that a validated `model:` block describes, on inputs of this dimension."""
    module = registry.load("model", spec["kind"])
    return module.Network(module.Spec(**spec), dimension)
