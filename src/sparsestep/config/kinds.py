"""Blocks of config.yaml that have a `kind`, as the `Spec` of the kind's module.

Which kinds a role has stands in `registry.py`. A field of one of the types below is written as a
block and read as the Spec; dumped, it is the block again with its defaults filled in.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, SerializeAsAny, ValidationError
from pydantic_core import PydanticKnownError

from sparsestep import registry
from sparsestep.config import truth
from sparsestep.fields import Closed
from sparsestep.mistakes import Mistake, Mistakes, Path, describe, suggest, told

Measure = dict[str, SerializeAsAny[Closed]]


def resolve(role: str, block: Any) -> Closed:
    """The Spec that a block describes; raises pydantic's ValidationError where it is not valid.

    Of a kind that has an extension, that of the extension where one of its options is set.
    """
    if isinstance(block, Closed):
        return block
    if not isinstance(block, dict):
        raise PydanticKnownError("dict_type")
    if text := wrong_kind(role, block, registry.kinds(role)):
        raise told([Mistake(("kind",), text)])
    plain = registry.load(role, block["kind"]).Spec
    extension = registry.extension(role, block["kind"])
    if extension is None:
        return validate(plain, block)
    checked = validate(registry.load(role, extension).Spec, {**block, "kind": extension})
    if further_options(role, checked):
        return checked
    return validate(plain, {key: block[key] for key in block if key in plain.model_fields})


def further_options(role: str, block: Closed) -> list[str]:
    """Options that a block of an extension sets and that the kind which it extends does not have.

    None where the block is of no extension.
    """
    extended = registry.extensions(role).get(block.kind)
    if extended is None:
        return []
    known = registry.load(role, extended).Spec.model_fields
    fields = type(block).model_fields.items()
    defaults = {name: of.get_default(call_default_factory=True) for name, of in fields}
    return [
        name for name in defaults if name not in known and getattr(block, name) != defaults[name]
    ]


def as_written(role: str, block: Closed) -> dict[str, Any]:
    """The Spec as config.yaml has it: an extension under the kind's name, files by their paths."""
    return {**_written(block), "kind": written_kind(role, block.kind)}


def _written(block: Closed) -> dict[str, Any]:
    """The block with the fields that no id has, without those that are filled in from these."""
    written = block.model_dump(mode="json")
    for name, field in type(block).model_fields.items():
        value = getattr(block, name)
        if isinstance(value, Closed) and name in written:
            written[name] = _written(value)
        elif field.exclude and value is not None:
            written[name] = value
            for filled in getattr(block, "FILLED_IN", ()):
                written.pop(filled, None)
    return written


def written_kind(role: str, kind: str) -> str:
    """The kind as config.yaml has it: of an extension, the kind that it extends."""
    return registry.extensions(role).get(kind, kind)


def _block(role: str) -> Any:
    return Annotated[SerializeAsAny[Closed], BeforeValidator(partial(resolve, role))]


Problem = _block("problem")
Model = _block("model")
Algorithm = _block("algorithm")
Schedule = _block("schedule")
Simulation = _block("simulation")
Figure = _block("figure")


def wrong_kind(role: str, block: dict, valid: list[str]) -> str:
    """What is wrong with the kind of a block, of which these are valid; empty where it is one."""
    if "kind" not in block:
        return f"missing; valid: {', '.join(valid)}"
    return unknown(role, block["kind"], valid)


def unknown(role: str, kind: Any, valid: list[str], model: str | None = None) -> str:
    """What is wrong with a kind that is none of the valid ones; empty where it is one.

    Also of one (of this model) that registry.py has, and that is no module.
    """
    if isinstance(kind, str) and kind in valid:
        return registry.lacking(role, kind, model)
    return f"unknown {role}{suggest(str(kind), valid)}"


def algorithms(model: str) -> list[str]:
    """Kinds of the algorithms that train a model of this kind."""
    return registry.kinds("trainer", model)


def validate(spec: type[BaseModel], block: Any) -> Any:
    """The block as a `spec`; raises ValidationError with all that is wrong, told in our words."""
    found = truth.mistakes(spec, block)
    try:
        checked = spec.model_validate(block)
    except ValidationError as error:
        raise told([*found, *describe(spec, error)]) from None
    if found:
        raise told(found)
    return checked


def resolve_measure(measure: dict[str, Any], model: Closed) -> Measure:
    """The block `measure:` of an experiment with this model; raises ValidationError."""
    resolved, mistakes = {}, Mistakes()
    for name, options in measure.items():
        if text := unknown("measure", name, registry.kinds("measure", model.kind), model.kind):
            mistakes.add(text, name)
            continue
        spec = registry.load("measure", name, model.kind).Spec
        try:
            resolved[name] = validate(spec, {} if options is None else options)
        except ValidationError as error:
            mistakes.at(name).add_all(describe(spec, error))
    if mistakes:
        raise told(mistakes)
    return resolved


def columns(measure: Measure, model: Closed, problem: Closed) -> list[str]:
    """Names of what a `measure:` block measures: of a test set only where the problem has one."""
    found = []
    for name, options in measure.items():
        found += registry.load("measure", name, model.kind).columns(options)
    return [name for name in found if name not in _untested(problem)]


def _untested(problem: Closed) -> tuple[str, ...]:
    """Columns that are not measured: of a kind, or a problem of it, that has no test set."""
    if getattr(problem, "has_test_set", True):
        return registry.untested(problem.kind)
    return registry.WITHOUT_TEST_SET["columns"]


def not_measured(metric: str, measured: list[str], problem: Closed) -> str:
    """What is wrong with a metric that is none of those `measured`, and why, where it is known."""
    why = ""
    if metric in _untested(problem):
        why = f" (the test points of {problem.kind} are its training points)"
    return f"not measured there{why}{suggest(metric, measured)}"


def read(spec: type[BaseModel], raw: Any, origin: Callable[[Path], Path]) -> Any:
    """The raw content of config.yaml as a `spec`; raises ConfigError, a line for each mistake.

    `origin` leads from the path of a value to where the user has written it.
    """
    mistakes = Mistakes()
    try:
        return validate(spec, raw)
    except ValidationError as error:
        mistakes.add_all(describe(spec, error))
    mistakes.refuse(origin)
