"""Base of figures over keys of sweeps: which key stands where, and which values of it."""

from typing import Annotated, Any, NamedTuple, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag

from sparsestep.fields import AddedField
from sparsestep.figures.specs.base import FigureSpec
from sparsestep.figures.specs.text import ShownText
from sparsestep.mistakes import Path, suggest

# A value of a key as a sweep's table has it: a number where it is one, else a text.
Value = float | str
# Values of each key of a sweep, in its order; by sweep.
Keys = dict[str, list[Value]]
Swept = dict[str, Keys]
KeyPath = Annotated[str, Field(min_length=1, max_length=100)]


def _as_in_tables(value: Any) -> Any:
    """A value as the sweep's block has it, as the sweep's table has it."""
    match value:
        case {"of_edge": fraction, **rest} if not rest:
            return fraction
        case bool():
            return str(value).lower()
        case str():
            try:
                return float(value)
            except ValueError:
                return value
    return value


def as_list(value: Any) -> Any:
    """A list of one for what is none."""
    return value if isinstance(value, list) else [value]


def _is_text(value: Any) -> str:
    return "<text>" if isinstance(value, str) else "<number>"


# mistakes.py leaves tags in angle brackets out of a key's path.
_Value = Annotated[
    Annotated[float, Tag("<number>")] | Annotated[str, Tag("<text>")],
    Discriminator(_is_text),
    BeforeValidator(_as_in_tables, json_schema_input_type=Any),
]
Chosen = Annotated[
    list[_Value],
    Field(min_length=1, max_length=100),
    BeforeValidator(as_list, json_schema_input_type=Any),
]


class OverKeys(FigureSpec):
    """Keys of config.yaml of such a figure."""

    at: dict[KeyPath, Chosen] = AddedField(
        default={}, description="of a key of the sweep, the value or values that are shown"
    )
    axes: dict[KeyPath, ShownText] = AddedField(
        default={}, description="of a key of the sweep, what stands on its axis"
    )

    def mistakes_in(self, swept: Swept) -> dict[Path, str]:
        """Why the sweeps that it shows, which are there, do not suit it, by key."""
        return {}

    def resolved(self, swept: Swept, words: dict[str, str]) -> Self:
        """The same with defaults filled in; `words` is what stands on the axis of each key."""
        return self


class Axis(NamedTuple):
    """A key of sweeps, and which key of the figure names it."""

    key: str
    path: Path


def chosen(values: list[Value], wanted: list[Value] | None) -> list[Value]:
    """Those of `values` that are `wanted`; all where nothing is."""
    if wanted is None:
        return values
    return [value for value in values if any(same(value, other) for other in wanted)]


def same(value: Value, other: Value) -> bool:
    """Whether two values are the same, but for the last digits of numbers."""
    if isinstance(value, str) or isinstance(other, str):
        return value == other
    return abs(value - other) <= 1e-9 * max(abs(value), abs(other))


def name_of(value: Value) -> str:
    """A value in legends, on axes of texts and as a key of `labels`."""
    return value if isinstance(value, str) else f"{value:g}"


def are_numbers(values: list[Value]) -> bool:
    """Whether all of these are."""
    return not any(isinstance(value, str) for value in values)


def mistakes_of_keys(axes: list[Axis], at: dict[str, list[Value]], swept: Swept) -> dict[Path, str]:
    """What is wrong with the keys on these axes, and with what is said of the sweeps' others."""
    found: dict[Path, str] = {}
    for place, (key, path) in enumerate(axes):
        for sweep, keys in swept.items():
            if key not in keys:
                found[path] = f"no key of sweeps.{sweep}{suggest(key, list(keys))}"
        if key in [of.key for of in axes[:place]]:
            found[path] = f"got {key!r} again; must be another key"
    for key, wanted in at.items():
        if text := _not_there(key, wanted, swept):
            found["at", key] = text
    if found:
        return found
    shown_keys = [axis.key for axis in axes]
    for sweep, keys in swept.items():
        for key, values in keys.items():
            left = chosen(values, at.get(key))
            if key not in shown_keys and len(left) > 1:
                some = ", ".join(map(name_of, left[:5])) + (", ..." if len(left) > 5 else "")
                found["at", key] = (
                    f"must be one value: sweeps.{sweep} has {len(left)}, {some}, and no axis shows "
                    "this key"
                )
    return found


def _not_there(key: str, wanted: list[Value], swept: Swept) -> str:
    of = {sweep: keys[key] for sweep, keys in swept.items() if key in keys}
    if not of:
        known = list(dict.fromkeys(key for keys in swept.values() for key in keys))
        return f"no key of sweeps.{next(iter(swept))}{suggest(key, known)}"
    for value in wanted:
        for sweep, values in of.items():
            if not chosen(values, [value]):
                names = [name_of(valid) for valid in values[:10]]
                return f"sweeps.{sweep} has no such value{suggest(name_of(value), names)}"
    return ""


def mistakes_of_axes(axes: dict[str, str], keys: list[str]) -> dict[Path, str]:
    """What is wrong with what is said of axes that the figure does not have."""
    return {
        ("axes", key): f"no key on an axis of this figure{suggest(key, keys)}"
        for key in axes
        if key not in keys
    }
