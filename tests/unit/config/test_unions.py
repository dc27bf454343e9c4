"""A value that a key may take in two forms is refused under the key's path, not a form's name."""

import importlib
import pkgutil
import re
import types
import typing

import pytest
from pydantic import BaseModel, Discriminator, Field, Tag, TypeAdapter, ValidationError

import sparsestep
from sparsestep import mistakes

# Read by a validator that refuses what is neither: it never comes to the union.
CHECKED_BEFORE = ["batch_size"]
NEITHER = [None, True, -1, 0.5, float("nan"), "", "x", "\ud800", [], [None], {}, {"a": 1}, b"x"]


def specs() -> list[type[BaseModel]]:
    """Every block that the package has."""
    for module in pkgutil.walk_packages(sparsestep.__path__, "sparsestep."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, left = {}, [BaseModel]
    while left:
        below = left.pop().__subclasses__()
        left += below
        found |= {f"{spec.__module__}.{spec.__name__}": spec for spec in below}
    return [found[name] for name in sorted(found) if name.startswith("sparsestep.")]


def unions(annotation, metadata=()):
    """(members, metadata) of each union of two or more, None aside, inside an annotation."""
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        yield from unions(parts[0], parts[1:])
        return
    if origin in (typing.Union, types.UnionType):
        members = [part for part in parts if part is not type(None)]
        if len(members) > 1:
            yield members, metadata
    for part in parts:
        yield from unions(part)


# Keys of the blocks among the members, and those of what is tried.
KEYS = {"of_edge", "low", "high", "points", "a", "k", "l", 0}
FIELDS = {
    f"{spec.__module__}.{spec.__name__}.{name}": (name, field)
    for spec in specs()
    for name, field in spec.model_fields.items()
    if list(unions(field.annotation, field.metadata))
}


def test_the_known_ones_are_found():
    names = {name for name, _ in FIELDS.values()}
    assert names >= {"step_size", "over", "together", "at", "u", "batch_size"}


@pytest.mark.parametrize("path", FIELDS)
def test_members_have_tags_that_no_path_has(path):
    name, field = FIELDS[path]
    if name in CHECKED_BEFORE:
        return
    for members, metadata in unions(field.annotation, field.metadata):
        assert any(isinstance(item, Discriminator) for item in metadata)
        for member in members:
            (tag,) = [item.tag for item in typing.get_args(member) if isinstance(item, Tag)]
            assert re.fullmatch(mistakes._TAG, tag)


@pytest.mark.parametrize("path", FIELDS)
@pytest.mark.parametrize("inside", [lambda v: v, lambda v: {"k": v}, lambda v: {"k": {"l": v}}])
def test_what_is_neither_has_one_line_with_the_key_alone(path, inside):
    _, field = FIELDS[path]
    adapter = TypeAdapter(typing.Annotated[field.annotation, *field.metadata, Field()])
    refused = 0
    for value in NEITHER:
        try:
            adapter.validate_python(inside(value))
        except ValidationError as error:
            refused += 1
            found = mistakes.describe(BaseModel, error)
            paths = [mistake.path for mistake in found]
            assert len(set(paths)) == len(paths)
            assert all(set(at) <= KEYS for at in paths), paths
    assert refused
