"""Values of an axis of a sweep: a list, or a range."""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag, model_validator

from sparsestep.fields import Closed, Float, PositiveFloat, PositiveInt

_Points = Annotated[PositiveInt, Field(ge=2, le=1000)]
_Spacing = Literal["linear", "log"]


class Range(Closed):
    """Values between two ends, ends included."""

    low: PositiveFloat = Field(description="smallest")
    high: PositiveFloat = Field(description="largest")
    points: _Points = Field(description="how many")
    spacing: _Spacing = Field(default="linear", description="equal differences, or equal ratios")

    @model_validator(mode="after")
    def _ordered(self):
        if not self.low < self.high:
            raise ValueError("`low` must be below `high`")
        if len(set(self.values())) < self.points:
            raise ValueError("`low` and `high` are too close for so many points")
        return self

    def values(self) -> list[float]:
        """The values, growing."""
        return _spaced(self.low, self.high, self.points, self.spacing)


class KeyRange(Closed):
    """Values between two ends, ends included, of a key that may take zero or whole numbers."""

    low: Float = Field(description="smallest")
    high: Float = Field(description="largest")
    points: _Points = Field(description="how many")
    spacing: _Spacing = Field(default="linear", description="equal differences, or equal ratios")
    whole: bool = Field(default=False, description="rounded to whole numbers, each of them once")

    @model_validator(mode="after")
    def _ordered(self):
        if not self.low < self.high:
            raise ValueError("`low` must be below `high`")
        if self.spacing == "log" and self.low <= 0:
            raise ValueError("`low` must be above 0 where spacing is log")
        if not self.whole and len(set(self.values())) < self.points:
            raise ValueError("`low` and `high` are too close for so many points")
        return self

    def values(self) -> list[float]:
        """The values, growing."""
        values = _spaced(self.low, self.high, self.points, self.spacing)
        return sorted({round(value) for value in values}) if self.whole else values


def _spaced(low: float, high: float, points: int, spacing: str) -> list[float]:
    """Rounded to 12 digits, as one would write them by hand: the same on any processor."""
    values = (np.linspace if spacing == "linear" else np.geomspace)(low, high, points)
    return [float(f"{value:.12g}") for value in values]


def _is_range(value: Any) -> str:
    return "<range>" if isinstance(value, dict | Range | KeyRange) else "<list>"


# mistakes.py leaves tags in angle brackets out of a key's path.
_List = Annotated[list[PositiveFloat], Field(min_length=1, max_length=1000)]
Values = Annotated[
    Annotated[_List, Tag("<list>")] | Annotated[Range, Tag("<range>")], Discriminator(_is_range)
]
_KeyList = Annotated[list[Any], Field(min_length=1, max_length=1000)]
KeyValues = Annotated[
    Annotated[_KeyList, Tag("<list>")] | Annotated[KeyRange, Tag("<range>")],
    Discriminator(_is_range),
]
