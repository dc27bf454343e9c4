"""Mistakes in config.yaml: the key's path, and what is wrong there, as one line for a user."""

import difflib
import itertools
import re
import reprlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from sparsestep.errors import ConfigError

# Blocks whose keys depend on their kind.
_KIND_BLOCKS = ("problem", "model", "algorithm", "schedule")
# Mistakes of one block that get a line each; a block of thousands has one cause.
_LINES = 20
# pydantic's name for a mistake whose text is complete.
_TOLD = "told"
# What stands, in config.yaml's Specs, for the member of a union that a value was read as.
_TAG = r"<(number|of_edge|list|range|text|formula)>"
# Characters of a `fields.Name`.
_LONGEST_NAME = 60

Path = tuple[Any, ...]


class Mistake(NamedTuple):
    """What is wrong, with the path of the key."""

    path: Path
    text: str

    def __str__(self) -> str:
        return f"{dotted(self.path)}: {_printable(self.text)}"


class Mistakes:
    """Mistakes found so far, seen from one block: paths are relative to it."""

    def __init__(self, path: Path = (), found: list[Mistake] | None = None):
        self._path = path
        self._found = [] if found is None else found

    def at(self, *keys: Any) -> "Mistakes":
        """The same collection, seen from a block further inside."""
        return Mistakes((*self._path, *keys), self._found)

    def add(self, text: str, *keys: Any) -> None:
        """Note that something is wrong with the value at these keys."""
        self._found.append(Mistake((*self._path, *keys), text))

    def add_all(self, found: dict[Path, str] | Iterable[Mistake]) -> None:
        """Note several: texts by path, or mistakes with paths relative to this block."""
        for path, text in found.items() if isinstance(found, dict) else found:
            self.add(text, *path)

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Mistake]:
        return iter(self._found)

    def refuse(self, origin: Callable[[Path], Path] = tuple) -> None:
        """Raise ConfigError, a line for each mistake, if there is any.

        `origin` leads from the path of a value to where the user has written it.
        """
        if not self._found:
            return
        written = [(Mistake(origin(path), text), path) for path, text in self._found]
        own = {mistake for mistake, path in written if _block(path) == _block(mistake.path)}
        lines = []
        for mistake, path in written:
            if _block(path) == _block(mistake.path):
                lines.append(str(mistake))
            elif mistake not in own:
                # What is right where it stands may be wrong for one that starts from there.
                lines.append(f"{mistake} (wrong in {dotted(_block(path))}, which is like it)")
        raise ConfigError("\n".join(dict.fromkeys(lines)))


def _block(path: Path) -> Path:
    """The experiment, figure or other named block that a path leads into."""
    return path[:2]


def describe(spec: type[BaseModel], error: ValidationError) -> list[Mistake]:
    """One mistake for each that pydantic found in a block, with paths relative to it."""
    mistakes = error.errors(include_url=False)
    found: dict[Mistake, None] = {}
    own = 0
    for mistake in mistakes:
        # Blocks further inside have counted their own.
        own += mistake["type"] != _TOLD
        if own <= _LINES or mistake["type"] == _TOLD:
            found[_described(spec, mistake)] = None
    if own > _LINES:
        found[Mistake((), f"and {own - _LINES} further mistakes")] = None
    return list(found)


def told(found: Iterable[Mistake]) -> ValidationError:
    """The mistakes as what a validator of pydantic may raise; `describe` gives them back."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError(_TOLD, "{text}", {"text": text}), loc=path, input=None
        )
        for path, text in found
    ]
    return ValidationError.from_exception_data("config.yaml", details)


def suggest(got: str, valid: list[str]) -> str:
    """ ", got 'x'; valid: a, b (did you mean 'a'?)" """
    # The time it takes grows with the product of the lengths.
    close = difflib.get_close_matches(got[:100], valid, n=1)
    meant = f" (did you mean {close[0]!r}?)" if close else ""
    # Among what a user has named, there may be anything.
    names = (name if name.isprintable() and len(name) <= 60 else shown(name) for name in valid)
    return f", got {shown(got)}; valid: {', '.join(names) or 'none'}{meant}"


def dotted(path: Path) -> str:
    """A key's path as `experiments.diagonal.replicates`; strange keys are quoted, long ones cut."""
    parts = (part if isinstance(part, str) else shown(part) for part in path)
    quoted = (part if re.fullmatch(r"[\w@/-]{1,60}", part) else shown(part) for part in parts)
    return ".".join(quoted) or "config.yaml"


def _described(spec: type[BaseModel], mistake: dict) -> Mistake:
    # Behind a dictionary's key, pydantic says "[key]" where the key itself is wrong.
    loc = mistake["loc"][:-1] if mistake["loc"][-1:] == ("[key]",) else mistake["loc"]
    if mistake["type"] == _TOLD:
        return Mistake(loc, mistake["ctx"]["text"])
    # pydantic puts the tag of a union's member behind the key; a user's key may look like one.
    end = len(loc) - 1 if mistake["type"] == "extra_forbidden" else len(loc)
    tags = [at for at in range(end) if re.fullmatch(_TAG, str(loc[at]))]
    loc = tuple(part for at, part in enumerate(loc) if at not in tags)
    return Mistake(loc, _text(spec, mistake, loc))


def _text(spec: type[BaseModel], mistake: dict, loc: Path) -> str:
    got = f"got {shown(mistake['input'])}"
    match mistake["type"]:
        case "extra_forbidden":
            return f"unknown key{suggest(str(loc[-1]), _fields_at(spec, loc[:-1]))}"
        case "missing":
            return "missing"
        case "string_pattern_mismatch" if mistake["ctx"]["pattern"].startswith("^#"):
            return f"{got}; valid: a colour as '#rrggbb'"
        case "string_pattern_mismatch" | "string_too_long" if _is_of_name(mistake["ctx"]):
            return f"{got}; valid: lower-case letters, digits, - and _, at most {_LONGEST_NAME}"
        case "too_short" | "too_long" | "string_too_short" | "string_too_long":
            of_text, short = mistake["type"].startswith("string"), mistake["type"].endswith("short")
            number = mistake["ctx"]["min_length" if short else "max_length"]
            one, more = ("character", "characters") if of_text else ("entry", "entries")
            counted = f"{number} {one if number == 1 else more}"
            return f"{got}; must have at {'least' if short else 'most'} {counted}"
        case "model_type" | "dict_type":
            fields = _fields_at(spec, loc) if mistake["type"] == "model_type" else []
            return f"{got}; {_block_expected(mistake['input'], loc, fields)}"
        case _:
            message = mistake["msg"].removeprefix("Value error, ")
            return f"{got}; {message[0].lower() + message[1:]}"


def _is_of_name(limits: dict[str, Any]) -> bool:
    """Whether it is the pattern, or the length, of a `fields.Name` that did not hold."""
    return "pattern" in limits or limits["max_length"] == _LONGEST_NAME


def _fields_at(spec: Any, loc: Path) -> list[str]:
    """Names of the fields of the model found by following `loc` down from `spec`."""
    models = [spec]
    for part in loc:
        found = []
        for model in models:
            fields = getattr(model, "model_fields", {})
            if part in fields:
                found += _models_in(fields[part].annotation)
        # A part that is not a field is a key of a dictionary: the fields stay the same.
        models = found or models
    return sorted({name for model in models for name in getattr(model, "model_fields", {})})


def _block_expected(got: Any, loc: Path, fields: list[str]) -> str:
    """What to write where something else than a block of keys stands."""
    # `algorithm: gd` instead of `algorithm: {kind: gd}`.
    takes_kind = loc[-1:] and (loc[-1] in _KIND_BLOCKS or "kind" in fields)
    if takes_kind and isinstance(got, str) and re.fullmatch(r"\w{1,60}", got):
        return f"must be a block; write {loc[-1]}: {{kind: {got}}}"
    if fields:
        return f"must be a block; valid keys: {', '.join(fields)}"
    return "must be a block, `key: value` line by line"


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for part in getattr(annotation, "__args__", ()) for m in _models_in(part)]


def _printable(text: str) -> str:
    """The text with escapes for what would break the line, or be invisible in it."""
    return "".join(part if part.isprintable() else ascii(part)[1:-1] for part in text)


def shown(value: Any) -> str:
    """A value as Python writes it, cut at 60 characters however large it is."""
    text = _SHORT.repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class _Short(reprlib.Repr):
    """As `repr`, of the first parts of what is long."""

    def __init__(self):
        super().__init__()
        self.maxlevel = self.maxdict = self.maxlist = self.maxtuple = 20
        # Longer than what is shown, so that the end is cut and not the middle.
        self.maxstring = self.maxlong = self.maxother = 200

    def repr_dict(self, value: dict, level: int) -> str:
        # `reprlib` would sort the keys.
        if level <= 0:
            return "{...}"
        pairs = itertools.islice(value.items(), self.maxdict)
        parts = (f"{self.repr1(k, level - 1)}: {self.repr1(v, level - 1)}" for k, v in pairs)
        return "{" + ", ".join(parts) + "}"


_SHORT = _Short()
