"""Size limits for config values, checked before anything else.

YAML's anchors let a short file stand for 2^60 values, or for a block inside itself; a date, a set
or a number of 5000 digits is nothing that any key takes. What comes after may copy, compare and
show every value.
"""

import json
import re
from typing import Any

from sparsestep.mistakes import Mistake, Mistakes, shown

VALUES = 1_000_000
DEPTH = 50
# Python refuses to write more digits than 4300.
_BITS = 10_000
_TEXT = 10_000
# A job's spec is part of a command, which Linux limits to 131072 bytes.
_BLOCK = 25_000
# Characters that XML, and so a figure, cannot hold: control characters, surrogates, non-characters.
_NO_TEXT = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Refused(Exception):
    """Holds one mistake."""


def check(raw: Any, mistakes: Mistakes) -> None:
    """Note the first value that is too large, too deep, or of a type that no key takes."""
    try:
        _size(raw, (), {}, set())
        for path, block in _blocks_in_specs(raw):
            _check_length(path, block)
    except _Refused as refused:
        mistakes.add_all(refused.args)


def _size(value: Any, path: tuple, known: dict[int, tuple[int, int]], above: set[int]) -> int:
    """How many values this one is. `known`: those of blocks seen; `above`: blocks it lies in."""
    if not isinstance(value, dict | list | tuple):
        _check_scalar(value, path)
        return 1
    if id(value) in above:
        _refuse(path, "is part of itself")
    if len(path) > DEPTH:
        _refuse(path, f"blocks and lists inside each other, more than {DEPTH}")
    # Deeper down, the same block must be looked at again.
    size, depth = known.get(id(value), (0, -1))
    if depth < len(path):
        above.add(id(value))
        size = 1 + sum(_size(part, (*path, key), known, above) for key, part in _parts(value, path))
        above.remove(id(value))
        known[id(value)] = size, len(path)
    if size > VALUES:
        _refuse(path, f"stands for {size} values; at most {VALUES}")
    return size


def _parts(value: Any, path: tuple) -> Any:
    if not isinstance(value, dict):
        return enumerate(value)
    for key in value:
        if not isinstance(key, str):
            _refuse((*path, key), f"got {shown(key)}; a key must be text: put it into quotes")
        if _NO_TEXT.search(key):
            # pydantic would show another key, without them.
            _refuse((*path, key), f"got {shown(key)}; a key must not have control characters")
    return value.items()


def _check_scalar(value: Any, path: tuple) -> None:
    if isinstance(value, str):
        if len(value) > _TEXT:
            _refuse(path, f"got a text of {len(value)} characters; at most {_TEXT}")
        if _NO_TEXT.search(value):
            _refuse(path, f"got {shown(value)}; must not have control characters")
    elif isinstance(value, int):
        if value.bit_length() > _BITS:
            _refuse(path, f"got a number of about {int(value.bit_length() * 0.301)} digits")
    elif value is not None and not isinstance(value, float):
        _refuse(path, f"got {shown(value)}; must be text, a number, true or false: quote texts")


def _blocks_in_specs(raw: Any) -> list[tuple[tuple, Any]]:
    """Blocks that become parts of specs, with their paths."""
    found = []
    for name, experiment in _items(_items(raw).get("experiments")).items():
        of, path = _items(experiment), ("experiments", name)
        found += [((*path, key), of.get(key)) for key in ("problem", "model", "measure")]
        found += [((*path, "runs", run), block) for run, block in _items(of.get("runs")).items()]
    found.append((("published",), _items(raw).get("published")))
    for role in ("sweeps", "simulations", "figures"):
        found += [((role, name), block) for name, block in _items(_items(raw).get(role)).items()]
    return found


def _items(value: Any) -> dict:
    return value if isinstance(value, dict) else {}


def _check_length(path: tuple, block: Any) -> None:
    length = len(json.dumps(block))
    if length > _BLOCK:
        _refuse(path, f"has {length} characters as JSON; at most {_BLOCK}, for commands hold it")


def _refuse(path: tuple, what: str) -> None:
    # The rest of a long path helps nobody.
    raise _Refused(Mistake(path[:8], what))
