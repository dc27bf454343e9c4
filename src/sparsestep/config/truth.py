"""Truth values of config.yaml: true and false, and nothing that pydantic would read as one.

It takes 1, 'yes' and 'off' too. Fields that say only `bool` are checked here instead: a stricter
type would change the code of every stage.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from sparsestep.mistakes import Mistake, Path, shown

_VALID = "must be true or false, without quotes"
# Who has written so many has one cause.
_LINES = 20


def mistakes(spec: Any, value: Any) -> list[Mistake]:
    """What stands for a truth value in a block that a `spec` describes, and is none."""
    wrong = islice(_wrong(spec, value), _LINES)
    return [Mistake(path, f"got {shown(part)}; {_VALID}") for path, part in wrong]


def _wrong(annotation: Any, value: Any) -> Iterator[tuple[Path, Any]]:
    if annotation is bool:
        if not isinstance(value, bool | None):
            yield (), value
        return
    for key, inside in _parts(annotation, value):
        for path, part in _wrong(inside, value if key is None else value[key]):
            yield (path if key is None else (key, *path)), part


def _parts(annotation: Any, value: Any) -> Iterator[tuple[Any, Any]]:
    """Keys of a value with the types of what stands there; None: the value itself."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields if isinstance(value, dict) else {}
        yield from ((name, of.annotation) for name, of in fields.items() if name in value)
        return
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is list:
        yield from ((at, inside[0]) for at in range(len(value) if isinstance(value, list) else 0))
    elif origin is dict:
        yield from ((key, inside[1]) for key in (value if isinstance(value, dict) else ()))
    elif inside:
        # A union, or a type with constraints.
        yield from ((None, part) for part in inside)
