"""Keys of config.yaml without a value, which none of them takes.

YAML reads `colour: #d62728` as a key and a comment; a default would stand for the value in silence.
Nothing is meant by a measurement without options and by a run that says no more than its name.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from sparsestep.mistakes import Mistakes, Path

# Paths at which nothing stands for a block without keys; "*" is any name.
_MEANT = (
    ("experiments", "*", "measure", "*"),
    ("experiments", "*", "runs", "*"),
    ("sweeps", "*", "measure", "*"),
)
# Who has written so many has one cause.
_LINES = 20


def check(raw: Any, mistakes: Mistakes) -> None:
    """Note the keys and entries that hold nothing, of content that `limits.check` has passed."""
    for path in islice(_empty(raw, ()), _LINES):
        key = "the entry" if isinstance(path[-1], int) else "the key"
        quotes = "in quotes where it begins with #"
        mistakes.add(f"got nothing; write a value, {quotes}, or leave {key} out", *path)


def _empty(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list | tuple):
        parts = enumerate(value)
    else:
        parts = ()
        if value is None and path and not any(_leads(path, meant) for meant in _MEANT):
            yield path
    for key, part in parts:
        yield from _empty(part, (*path, key))


def _leads(path: Path, to: Path) -> bool:
    if len(path) != len(to):
        return False
    return all(part in ("*", key) for key, part in zip(path, to, strict=True))
