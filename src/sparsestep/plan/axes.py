"""Labels of the axes of figures over keys of sweeps."""

import re
from typing import Any

from sparsestep import registry
from sparsestep.config.key_sweeps import KeySweep
from sparsestep.config.swept import AnySweep

_NUMBER = re.compile(r"(?<=\.)\d+(?=\.|$)", re.ASCII)


def words(sweeps: list[AnySweep]) -> dict[str, str]:
    """What stands on the axis of every key of these resolved sweeps.

    The registry is no part of a figure's code: as what is told of metrics, this is part of its
    spec, so that words for another key redraw nothing.
    """
    found: dict[str, str] = {}
    for sweep in sweeps:
        is_over_keys = isinstance(sweep, KeySweep)
        over = sweep.over if is_over_keys else {"step_size": [], "decay_at": []}
        for key, values in over.items():
            in_units = f"{key}.of_edge" if values and all(map(_is_of_edge, values)) else key
            found.setdefault(key, of_key(in_units))
    return found


def of_key(key: str) -> str:
    """What stands on the axis of a key; the key itself where nothing is known of it."""
    numbers = [int(number) + 1 for number in _NUMBER.findall(key)]
    known = registry.AXES.get(_NUMBER.sub("*", key))
    return key if known is None else known.format(*numbers) if numbers else known


def _is_of_edge(value: Any) -> bool:
    return isinstance(value, dict) and list(value) == ["of_edge"]
