"""Texts of the user's that stand in figures: labels and titles."""

import functools
import importlib.util
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

# That of `parts/style.py`, which matplotlib brings along: the same on every machine.
FONT = "DejaVu Sans"
_FILE = "mpl-data/fonts/ttf/DejaVuSans.ttf"
_LONGEST = 200


def _can_be_drawn(text: str) -> str:
    # ASCII is there: the font is read for other texts alone.
    lacking = [] if text.isascii() else [c for c in text if ord(c) not in _characters()]
    if lacking:
        # Figures would show boxes, in PNG and PDF.
        characters = " ".join(dict.fromkeys(lacking))
        raise ValueError(f"the font of figures, {FONT}, lacks {characters}")
    return text


@functools.cache
def _characters() -> frozenset[int]:
    """Code points that the font has, without importing matplotlib, which is slow; and line ends."""
    from fontTools.ttLib import TTFont

    package = importlib.util.find_spec("matplotlib")
    with TTFont(Path(package.origin).parent / _FILE, lazy=True) as font:
        return frozenset(font.getBestCmap()) | set(map(ord, "\t\n\x85"))


ShownText = Annotated[str, Field(max_length=_LONGEST), AfterValidator(_can_be_drawn)]
