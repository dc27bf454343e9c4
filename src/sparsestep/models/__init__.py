"""Models: layout of the parameters in one flat vector, initial values, forward pass."""

from typing import Any

from sparsestep import registry


def from_spec(spec: dict, dimension: int) -> Any:
    """The network that a validated `model:` block describes, on inputs of this dimension."""
    module = registry.load("model", spec["kind"])
    return module.Network(module.Spec(**spec), dimension)
