"""Lists of pairs that say from when on something is so; the first are the beginnings."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from pydantic import BeforeValidator


def _two(value: Any) -> Any:
    # pydantic would ask for a tuple, which is nothing that YAML has.
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError("must be two numbers in brackets, as [0, 0.1]")
    return value


PAIR = BeforeValidator(_two)


def check_order(pairs: Sequence[tuple[float, float]]) -> None:
    """Raise ValueError where they do not begin at 0, and each behind the one before."""
    if not pairs or pairs[0][0] != 0:
        raise ValueError("must begin at 0, as [[0, 0.1]]")
    for (before, _), (begin, _) in pairwise(pairs):
        if not begin > before:
            raise ValueError(f"{begin:g} must be above the beginning before, {before:g}")
