"""Series of sweeps: end values over a key, a look for each value of another key, or sweep."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib import colormaps

from sparsestep.figures.parts import style
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs import over_keys
from sparsestep.figures.specs.dependence import Spec
from sparsestep.figures.specs.over_keys import Value, are_numbers, name_of

# Ends of the shades of numbers: viridis without its yellow, which is faint on white.
_SHADES = (0.0, 0.86)
# Of the sweeps.
_MARKERS = ("o", "s", "^", "D", "v")
_DASHES = ("-", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (6, 1, 1, 1, 1, 1)))


class Series(NamedTuple):
    """End values of a sweep at one value of the key that is the colour.

    Attributes:
        name: of the sweep and value, as legends have it.
        table: a row a point and replicate; column `at` is where it stands on the horizontal axis.
        colour, dashes, marker: its look.
    """

    name: str
    table: pd.DataFrame
    colour: str
    dashes: tuple | str
    marker: str

    def values(self, metric: str) -> pd.DataFrame:
        """What is measured, a row a place on the axis, a column a replicate; NaN: none."""
        values = self.table.pivot(index="at", columns="replicate", values=metric).astype(float)
        return values.where(np.isfinite(values)).sort_index()

    def diverged(self) -> pd.DataFrame:
        """1.0 where a replicate diverged, else 0.0, a row a place, a column a replicate."""
        table = self.table.assign(diverged=(self.table["diverged_at"] >= 0).astype(float))
        return self._replace(table=table).values("diverged")


class Shown(NamedTuple):
    """All series of a figure.

    Attributes:
        series: in the order of the legend.
        texts: what stands on the horizontal axis from 0 on, where it is not one of numbers.
        colours: (name, colour) of every value of the key that is the colour, or of every sweep.
        by_colour: the series of each of them.
        sweeps: (name, dashes, marker) of the sweeps, where colours do not tell them apart.
    """

    series: list[Series]
    texts: list[str]
    colours: list[tuple[str, str]]
    by_colour: list[list[Series]]
    sweeps: list[tuple[str, tuple | str, str]]


def series_of(sources: Sources, figure: Spec) -> Shown:
    """The series that a figure shows."""
    tables = {name: _selected(_table(sources, name), figure) for name in figure.sweep}
    places = _in_order(pd.concat([table[figure.x] for table in tables.values()]))
    texts = [] if are_numbers(places) else list(map(name_of, places))
    for name, table in tables.items():
        at = table[figure.x].map(places.index) if texts else table[figure.x].astype(float)
        tables[name] = table.assign(at=at)
    if figure.colour is None:
        return _by_sweep(tables, figure, texts)
    return _by_value(tables, figure, texts)


def shades(values: list[Value]) -> list[str]:
    """A colour for each of these: of numbers shades that grow lighter, of texts the palette's."""
    if not are_numbers(values):
        return [colour for colour, _ in style.OTHERS[: len(values)]]
    if len(values) == 1:
        return [_hex(_SHADES[0] + 0.3)]
    return [_hex(place) for place in np.linspace(*_SHADES, len(values))]


def _hex(place: float) -> str:
    red, green, blue, _ = colormaps["viridis"](place, bytes=True)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _by_sweep(tables: dict[str, pd.DataFrame], figure: Spec, texts: list[str]) -> Shown:
    found = []
    for (name, table), *look in zip(
        tables.items(), shades(list(tables)), _DASHES, _MARKERS, strict=False
    ):
        found.append(Series(figure.labels.get(name, name), table, *look))
    colours = [(of.name, of.colour) for of in found]
    return Shown(found, texts, colours, [[of] for of in found], [])


def _by_value(tables: dict[str, pd.DataFrame], figure: Spec, texts: list[str]) -> Shown:
    values = _in_order(pd.concat([table[figure.colour] for table in tables.values()]))
    looks = list(zip(tables, _DASHES, _MARKERS, strict=False))
    colours, by_colour = [], []
    for value, colour in zip(values, shades(values), strict=True):
        label, of_value = figure.labels.get(name_of(value), name_of(value)), []
        for sweep, dashes, marker in looks:
            table = tables[sweep]
            table = table[[over_keys.same(value, other) for other in table[figure.colour]]]
            name = f"{figure.labels.get(sweep, sweep)}, {label}" if len(tables) > 1 else label
            if len(table):
                of_value.append(Series(name, table, colour, dashes, marker))
        colours.append((label, colour))
        by_colour.append(of_value)
    sweeps = [(figure.labels.get(sweep, sweep), *look) for sweep, *look in looks]
    every = [of for of_value in by_colour for of in of_value]
    return Shown(every, texts, colours, by_colour, sweeps if len(sweeps) > 1 else [])


def _table(sources: Sources, name: str) -> pd.DataFrame:
    """The table of a sweep over keys, or over step size and duration."""
    key = f"sweeps.{name}"
    return sources.tables[key] if key in sources.tables else sources.sweeps[name]


def _selected(table: pd.DataFrame, figure: Spec) -> pd.DataFrame:
    for key, wanted in figure.at.items():
        if key in table:
            table = table[[bool(over_keys.chosen([value], wanted)) for value in table[key]]]
    return table


def _in_order(values: pd.Series) -> list[Value]:
    """Numbers growing; else as they come, as the sweep has them."""
    found = [value if isinstance(value, str) else float(value) for value in values.unique()]
    return sorted(set(found)) if are_numbers(found) else list(dict.fromkeys(found))
