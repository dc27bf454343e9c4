"""Blocks of config.yaml that have a `kind`: checked by the `Spec` of the kind's module."""

from typing import Any

from pydantic import BaseModel, ValidationError

from sparsestep import registry
from sparsestep.errors import ConfigError
from sparsestep.mistakes import describe, dotted, suggest


def validate_kind(role: str, raw: dict, path: tuple, mistakes: list[str]) -> dict:
    """The block with defaults filled in; empty, and a mistake noted, where it is not valid."""
    if "kind" not in raw:
        valid = ", ".join(registry.kinds(role))
        mistakes.append(f"{dotted((*path, 'kind'))}: missing; valid: {valid}")
        return {}
    if not check_kind(role, raw["kind"], (*path, "kind"), mistakes):
        return {}
    return collect(registry.load(role, raw["kind"]).Spec, raw, path, mistakes)


def check_kind(
    role: str, kind: Any, path: tuple, mistakes: list[str], model: str | None = None
) -> bool:
    """Whether there is such a kind (for this model); if not, a mistake is noted."""
    valid = registry.kinds(role, model)
    if kind not in valid:
        # A user writes `algorithm:` where the registry says what trains with it.
        what = "algorithm" if role == "trainer" else role
        mistakes.append(f"{dotted(path)}: unknown {what}{suggest(str(kind), valid)}")
        return False
    return True


def collect(spec: type[BaseModel], raw: Any, path: tuple, mistakes: list[str]) -> dict:
    """The block as plain JSON values, defaults filled in; empty, and mistakes noted, if wrong."""
    try:
        return validate(spec, raw, path).model_dump(mode="json")
    except ConfigError as error:
        mistakes += str(error).splitlines()
        return {}


def validate(spec: type[BaseModel], raw: Any, path: tuple) -> Any:
    """The block as a `spec`; raises ConfigError with a line for each mistake."""
    try:
        return spec.model_validate(raw)
    except ValidationError as error:
        raise ConfigError("\n".join(describe(spec, error, path))) from None


def validate_measure(measure: dict, model: dict, path: tuple, mistakes: list[str]) -> dict:
    """The block `measure:` of an experiment with this validated model."""
    checked = {}
    for name, options in measure.items():
        where = (*path, "measure", name)
        if check_kind("measure", name, where, mistakes, model["kind"]):
            spec = registry.load("measure", name, model["kind"]).Spec
            checked[name] = collect(spec, options or {}, where, mistakes)
    return checked


def columns(measure: dict, model: dict) -> list[str]:
    """Names of what a validated `measure:` block measures."""
    found = []
    for name, options in measure.items():
        module = registry.load("measure", name, model["kind"])
        found += module.columns(module.Spec(**options))
    return found
