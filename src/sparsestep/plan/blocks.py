"""Blocks of a checked config as JSON values, and found by their names."""

from collections.abc import Mapping
from typing import Any, TypeVar

from sparsestep.errors import ConfigError
from sparsestep.fields import Closed

# A JSON object with everything that decides the content of an artefact, and nothing else.
Spec = dict[str, Any]
Block = TypeVar("Block", bound=Closed)


def find(blocks: Mapping[str, Block], name: str, what: str) -> Block:
    """The block of this name; raises ConfigError where config.yaml has no such `what`."""
    if name not in blocks:
        raise ConfigError(f"config.yaml has no {what} {name!r}")
    return blocks[name]


def dumped(blocks: Mapping[str, Closed]) -> dict[str, Spec]:
    """The blocks as JSON values, by name."""
    return {name: dump(block) for name, block in blocks.items()}


def dump(block: Closed) -> Spec:
    """The block as a JSON value."""
    return block.model_dump(mode="json")


def by_kind(blocks: Mapping[str, Closed]) -> dict[str, list[str]]:
    """Names of the blocks of each kind."""
    kinds: dict[str, list[str]] = {}
    for name, block in blocks.items():
        kinds.setdefault(block.kind, []).append(name)
    return kinds
