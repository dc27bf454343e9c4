"""Specs and arrays that are handed over in Python, checked: config.yaml has passed other checks.

Each function raises ConfigError, one line that names what is wrong and what would be valid.
Generating problems reaches this module, so that every change of it generates them again.
"""

from typing import Any

from pydantic import BaseModel, ValidationError

from sparsestep import registry
from sparsestep.errors import ConfigError


def read(role: str, block: Any) -> BaseModel:
    """The Spec that a block with a `kind` describes."""
    if not isinstance(block, dict) or not isinstance(block.get("kind"), str):
        valid = ", ".join(registry.kinds(role))
        raise ConfigError(f"{role}: got {block!r}; must have a kind; valid: {valid}")
    spec = registry.load(role, block["kind"]).Spec
    try:
        return spec(**block)
    except ValidationError as error:
        valid = ", ".join(spec.model_fields)
        text = f"{_told(role, error)}; keys of {block['kind']}: {valid}"
        raise ConfigError(text) from None


def check_problem(spec: dict) -> None:
    """What `problems.generate` is given."""
    _require(spec, "problem", "model", "iterations", "replicates")
    read("problem", spec["problem"])
    _require_vectors("problem", spec["problem"]["kind"])
    ends = spec["replicates"]
    if not _are_ends(ends):
        text = (
            f"replicates: got {ends!r}; must be the first and the last one, both included: [0, 3]"
        )
        raise ConfigError(f"{text} are four, [0, 0] is replicate 0 alone")


def _told(role: str, error: ValidationError) -> str:
    """The first mistake; a key that there is not before one that is missing."""
    found = error.errors(include_url=False)
    first = min(found, key=lambda mistake: mistake["type"] != "extra_forbidden")
    # pydantic puts tags of its own among the keys.
    keys = [str(part) for part in first["loc"] if not str(part).startswith("<")]
    key = ".".join([role, *keys])
    if first["type"] in ("extra_forbidden", "missing"):
        return f"{key}: {'missing' if first['type'] == 'missing' else 'unknown key'}"
    return f"{key}: got {repr(first['input'])[:60]}; {first['msg'].removeprefix('Value error, ')}"


def _require(spec: dict, *keys: str) -> None:
    missing = [key for key in keys if key not in spec]
    if missing:
        raise ConfigError(f"the spec lacks {', '.join(missing)}; it must have {', '.join(keys)}")


def _require_vectors(role: str, kind: str) -> None:
    if registry.family(role, kind) == "images":
        valid = [name for name in registry.kinds(role) if registry.family(role, name) == "vectors"]
        text = f"{role}: got {kind!r}, of networks on images, which sparsestep.images trains"
        raise ConfigError(f"{text}; valid here: {', '.join(valid)}")


def _are_ends(ends: Any) -> bool:
    pair = isinstance(ends, list | tuple) and len(ends) == 2
    return pair and all(isinstance(end, int) for end in ends) and 0 <= ends[0] <= ends[1]
