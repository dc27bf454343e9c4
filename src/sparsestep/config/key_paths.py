"""Keys of an experiment by their paths, as `model.widths.0`."""

from typing import Any

from sparsestep.config.inheritance import merge
from sparsestep.mistakes import suggest

# Blocks of a run, and of the experiment, that a path may begin with.
OF_RUN = ("algorithm", "schedule")
OF_EXPERIMENT = ("problem", "model", "iterations", "epochs", "snapshots", "edge")


def set_value(experiment: dict[str, Any], run: str, path: str, value: Any) -> None:
    """Set the key at a path inside a raw experiment, in place; `algorithm...` is the run's.

    A block is merged over the one that is there, as `like:` merges. Raises ValueError, in words,
    where the path leads nowhere.
    """
    first, *rest = path.split(".")
    if first not in (*OF_RUN, *OF_EXPERIMENT):
        raise ValueError(f"no such key{suggest(first, [*OF_EXPERIMENT, *OF_RUN])}")
    block: Any = experiment["runs"][run] if first in OF_RUN else experiment
    keys = [first, *rest]
    for depth, key in enumerate(keys[:-1]):
        block = _inside(block, key, ".".join(keys[:depth]))
    _set(block, keys[-1], value, ".".join(keys[:-1]))


def _inside(block: Any, key: str, of: str) -> Any:
    if isinstance(block, list):
        return block[_index(block, key, of)]
    if not isinstance(block, dict):
        raise ValueError(f"{of} has no parts")
    if block.get(key) is None:
        raise ValueError(f"{of or 'the experiment'} has no block {key!r}")
    return block[key]


def _set(block: Any, key: str, value: Any, of: str) -> None:
    if isinstance(block, list):
        block[_index(block, key, of)] = value
    elif isinstance(block, dict):
        block[key] = merge(block.get(key), value)
    else:
        raise ValueError(f"{of} has no parts")


def _index(block: list, key: str, of: str) -> int:
    if not key.isdecimal() or int(key) >= len(block):
        last = len(block) - 1
        raise ValueError(f"{of} has {len(block)} entries; got {key!r}, valid: 0 to {last}")
    return int(key)
