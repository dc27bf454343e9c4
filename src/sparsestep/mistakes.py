"""Mistakes in config.yaml as lines for a user: the key's path, the value, what would be valid."""

import difflib
import itertools
import re
import reprlib
from typing import Any

from pydantic import BaseModel, ValidationError

# Blocks whose keys depend on their kind.
_KIND_BLOCKS = ("problem", "model", "algorithm", "schedule")
# Mistakes of one block that get a line each; a block of thousands has one cause.
_LINES = 20


def describe(spec: type[BaseModel], error: ValidationError, path: tuple) -> list[str]:
    """One line for each mistake that pydantic found in the block at `path`."""
    mistakes = error.errors(include_url=False)
    lines = list(dict.fromkeys(_line(spec, mistake, path) for mistake in mistakes[:_LINES]))
    if mistakes[_LINES:]:
        lines.append(f"{dotted(path)}: and {len(mistakes) - _LINES} further mistakes")
    return lines


def suggest(got: str, valid: list[str]) -> str:
    """ ", got 'x'; valid: a, b (did you mean 'a'?)" """
    # The time it takes grows with the product of the lengths.
    close = difflib.get_close_matches(got[:100], valid, n=1)
    meant = f" (did you mean {close[0]!r}?)" if close else ""
    return f", got {shown(got)}; valid: {', '.join(valid) or 'none'}{meant}"


def dotted(path: tuple) -> str:
    """A key's path as `experiments.diagonal.replicates`; strange keys are quoted, long ones cut."""
    parts = (part if isinstance(part, str) else shown(part) for part in path)
    quoted = (part if re.fullmatch(r"[\w@/-]{1,60}", part) else shown(part) for part in parts)
    return ".".join(quoted) or "config.yaml"


def _line(spec: type[BaseModel], mistake: dict, path: tuple) -> str:
    # Behind a dictionary's key, pydantic says "[key]" where the key itself is wrong.
    loc = mistake["loc"][:-1] if mistake["loc"][-1:] == ("[key]",) else mistake["loc"]
    # pydantic puts the tag of a union's member behind the key; a user's key may look like one.
    end = len(loc) - 1 if mistake["type"] == "extra_forbidden" else len(loc)
    tags = [at for at in range(end) if re.fullmatch(r"<(number|of_edge|list|range)>", str(loc[at]))]
    loc = tuple(part for at, part in enumerate(loc) if at not in tags)
    where = dotted((*path, *loc))
    match mistake["type"]:
        case "extra_forbidden":
            return f"{where}: unknown key{suggest(str(loc[-1]), _fields_at(spec, loc[:-1]))}"
        case "missing":
            return f"{where}: missing"
        case "string_pattern_mismatch" | "string_too_long" | "string_too_short":
            what = "lower-case letters, digits, - and _, at most 60"
            if mistake["ctx"].get("pattern", "").startswith("^#"):
                what = "a colour as '#rrggbb'"
            return f"{where}: got {shown(mistake['input'])}; valid: {what}"
        case "model_type" | "dict_type":
            fields = _fields_at(spec, loc) if mistake["type"] == "model_type" else []
            what = _block_expected(mistake["input"], loc, fields)
            return f"{where}: got {shown(mistake['input'])}; {what}"
        case _:
            message = mistake["msg"].removeprefix("Value error, ")
            message = message[0].lower() + message[1:]
            return f"{where}: got {shown(mistake['input'])}; {message}"


def _fields_at(spec: Any, loc: tuple) -> list[str]:
    """Names of the fields of the model found by following `loc` down from `spec`."""
    models = [spec]
    for part in loc:
        found = []
        for model in models:
            fields = getattr(model, "model_fields", {})
            if part in fields:
                found += _models_in(fields[part].annotation)
        # A part that is no field is a dictionary's key: stay where we are.
        models = found or models
    return sorted({name for model in models for name in getattr(model, "model_fields", {})})


def _block_expected(got: Any, loc: tuple, fields: list[str]) -> str:
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
