"""A sweep over one to three keys of an experiment, as `sweeps:` of config.yaml has it."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from sparsestep.config.ranges import KeyValues
from sparsestep.fields import Closed, Fraction, Name, PositiveInt

# A key's path inside an experiment, as `model.widths.0`.
KeyPath = Annotated[str, Field(min_length=1, max_length=100)]


def _is_formula(value: Any) -> str:
    return "<formula>" if isinstance(value, str) else "<list>"


# What a further key is at each value of the key that it follows; tags as in ranges.py.
Following = Annotated[
    Annotated[list[Any], Tag("<list>")] | Annotated[str, Tag("<formula>")],
    Discriminator(_is_formula),
]


class KeySweep(Closed):
    """An experiment, trained at every point of a grid of values of its keys."""

    # Resolved (`config/sweep_points.py`), ranges are lists, and `run`, `replicates` and `measure`
    # say what an absent key stands for.
    experiment: Name = Field(description="which every point is, but for the keys of the sweep")
    run: Name | None = Field(
        default=None,
        description="whose algorithm and schedule the points have; none: its only run",
    )
    replicates: Annotated[PositiveInt, Field(le=10_000)] | None = Field(
        default=None, description="seeds, counted from 0; none: as the experiment"
    )
    over: Annotated[dict[KeyPath, KeyValues], Field(min_length=1, max_length=3)] = Field(
        description="values by key, the first changing slowest"
    )
    fixed: dict[KeyPath, Any] = Field(
        default={}, description="keys that differ from the experiment's at every point"
    )
    together: dict[KeyPath, dict[KeyPath, Following]] = Field(
        default={},
        description="of a key in `over`, further keys: as many values, or a formula of `value`",
    )
    measure: dict[str, Any] | None = Field(
        default=None,
        description="measurements and their options; none: the experiment's of single snapshots",
    )
    average: Fraction | None = Field(
        default=None,
        description="means over snapshots in this last share of T; none: the last snapshot",
    )
    edges: bool = Field(
        default=False, description="also find each replicate's edge at every point, a column `edge`"
    )
