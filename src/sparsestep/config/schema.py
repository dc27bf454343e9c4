"""JSON Schema of config.yaml, from which editors complete keys and say what a key means.

    python -m sparsestep.config.schema      write workflow/schemas/config.schema.json anew

It follows from the Specs: a block with a `kind` may be any of the role's. It accepts all that
`config.load` accepts, but numbers written as texts; it does not say what is missing, for a block
may take it from another experiment (`like`) or from its experiment's defaults.
"""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sparsestep import registry
from sparsestep.artifacts.files import write_atomically
from sparsestep.config.blocks import Config
from sparsestep.config.key_sweeps import KeySweep
from sparsestep.config.phase_sweeps import PhaseSweep

PATH = Path("workflow/schemas/config.schema.json")

_DEFS = "#/$defs/"
# Fields that hold a block with a kind, by the model that has them.
_KINDS = {
    "Experiment": {"problem", "model", "algorithm", "schedule"},
    "Run": {"problem", "model", "algorithm", "schedule"},
    "PhaseSweep": {"algorithm", "schedule"},
}
_KINDS_BY_NAME = {"simulations": "simulation", "figures": "figure"}


def schema() -> dict[str, Any]:
    """The schema, as JSON values (draft 2020-12)."""
    found = _without_nothing(Config.model_json_schema())
    defs = found["$defs"]
    sweeps = [_define_sweep(form, defs) for form in (KeySweep, PhaseSweep)]
    _replace_named(found["properties"]["sweeps"], {"anyOf": sweeps})
    for model, roles in _KINDS.items():
        for role in roles:
            _replace(defs[model]["properties"], role, _any_kind(role, defs))
    measure = _measure(defs)
    for model in ("Experiment", "KeySweep", "PhaseSweep"):
        _replace(defs[model]["properties"], "measure", measure)
    _replace(defs["Experiment"]["properties"], "like", {"type": "string"})
    # By its name, or as a block.
    stabilises = {"anyOf": [{"type": "string"}, {"$ref": f"{_DEFS}Stabilises"}]}
    _replace(defs["Claims"]["properties"], "stabilises", stabilises)
    for key, role in _KINDS_BY_NAME.items():
        _replace_named(found["properties"][key], _any_kind(role, defs))
    # A run of which nothing is said is the experiment's defaults.
    _replace_named(defs["Experiment"]["properties"]["runs"], _or_nothing({"$ref": f"{_DEFS}Run"}))
    # Named by fields that now hold blocks of a kind.
    del defs["Closed"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "config.yaml of sparsestep",
        **_reduced(found),
    }


def text() -> str:
    """The schema as the file's content."""
    return json.dumps(schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _any_kind(role: str, defs: dict[str, Any]) -> dict[str, Any]:
    """A block of any kind of a role."""
    name = f"any-{role}"
    if name not in defs:
        defs[name] = {"anyOf": [_kind(role, kind, defs) for kind in registry.kinds(role)]}
    return {"$ref": f"{_DEFS}{name}"}


def _kind(role: str, kind: str, defs: dict[str, Any]) -> dict[str, Any]:
    """A block of a kind, with the options of its extension, where it has one."""
    spec = registry.load(role, registry.extension(role, kind) or kind).Spec
    reference = _define(f"{role}-{kind}", spec, defs)
    defs[f"{role}-{kind}"]["properties"]["kind"]["const"] = kind
    return reference


def _measure(defs: dict[str, Any]) -> dict[str, Any]:
    """The block `measure:`, of any model."""
    properties: dict[str, Any] = {}
    for key, module in registry.MEASURES.items():
        kind = key.rpartition("/")[2]
        # A slash would lead further inside.
        block = _define(f"measure-{key.replace('/', '-')}", import_module(module).Spec, defs)
        properties.setdefault(kind, {"anyOf": [{"type": "null"}]})["anyOf"].append(block)
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _define(name: str, spec: type[BaseModel], defs: dict[str, Any]) -> dict[str, Any]:
    """A reference to the schema of a Spec, which is added with those of its parts."""
    own = _without_nothing(spec.model_json_schema(ref_template=f"{_DEFS}{name}-{{model}}"))
    defs |= {f"{name}-{part}": block for part, block in own.pop("$defs", {}).items()}
    defs[name] = own
    return {"$ref": f"{_DEFS}{name}"}


def _define_sweep(form: type[BaseModel], defs: dict[str, Any]) -> dict[str, Any]:
    """A reference to the schema of a form of sweeps."""
    own = _without_nothing(form.model_json_schema(ref_template=f"{_DEFS}{{model}}"))
    defs |= {**own.pop("$defs", {}), form.__name__: own}
    return {"$ref": f"{_DEFS}{form.__name__}"}


def _replace(properties: dict[str, Any], key: str, block: dict[str, Any]) -> None:
    described = {"description": properties[key]["description"]}
    properties[key] = {**block, **described}


def _replace_named(blocks: dict[str, Any], block: dict[str, Any]) -> None:
    """Let all blocks of a dictionary by name be such ones."""
    (pattern,) = blocks["patternProperties"]
    blocks["patternProperties"] = {pattern: block}


def _or_nothing(block: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [{"type": "null"}, block]}


def _without_nothing(part: Any) -> Any:
    """Only what a user may write: of a field that may be None, its values (`nothing.py`)."""
    if isinstance(part, list):
        return [_without_nothing(each) for each in part if each != {"type": "null"}]
    if not isinstance(part, dict):
        return part
    kept = {key: _without_nothing(value) for key, value in part.items()}
    return {key: value for key, value in kept.items() if (key, value) != ("default", None)}


# What pydantic calls the bounds of a number that it reads from a text too, and JSON Schema.
_BOUNDS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}
# Titles repeat the keys; what must be there may come from elsewhere.
_LEFT_OUT = ("title", "required", "discriminator", "added")


def _reduced(part: Any) -> Any:
    """Only what JSON Schema knows, without `_LEFT_OUT`."""
    if isinstance(part, list):
        return [_reduced(each) for each in part]
    if not isinstance(part, dict):
        return part
    kept = {_BOUNDS.get(key, key): value for key, value in part.items() if key not in _LEFT_OUT}
    return {
        # Names of keys of config.yaml, some of which are called like a keyword.
        key: {name: _reduced(block) for name, block in value.items()}
        if key in ("properties", "$defs")
        else _reduced(value)
        for key, value in kept.items()
    }


if __name__ == "__main__":
    write_atomically(PATH, text().encode())
