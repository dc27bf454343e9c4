"""End values over a key of one or more sweeps; no figure of the paper shows this."""

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field

from sparsestep.fields import Closed, Float, Name
from sparsestep.figures.specs import base, over_keys
from sparsestep.figures.specs.over_keys import (
    Axis,
    KeyPath,
    OverKeys,
    Swept,
    Value,
    are_numbers,
    as_list,
    name_of,
)
from sparsestep.figures.specs.text import ShownText
from sparsestep.formulas import Formula
from sparsestep.mistakes import Path, suggest

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment

# More shades of one scale, or curves, or more colours without an order, cannot be told apart.
MOST_NUMBERS = 10
MOST_TEXTS = 5
# What is shown as the share of replicates for which it is true.
SHARES = ("diverged", "dead")
# What no measurement of an experiment measures.
_OF_SWEEPS = ("diverged", "edge")


def _as_text(value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:.12g}" if number else value


def _as_panel(value: Any) -> Any:
    return {"metric": value} if isinstance(value, str) else value


class Line(Closed):
    """A line that says what to compare with."""

    y: Annotated[str, BeforeValidator(_as_text, json_schema_input_type=float | str)] = Field(
        description="a number, or a formula of x: `2 / x`, or of the key's last part"
    )
    label: ShownText = Field(default="", description="legend text; by default the formula")


class Panel(Closed):
    """A metric over the key."""

    metric: str = Field(description="what is measured, `edge` or `diverged`")
    scale: Literal["linear", "log"] | None = Field(
        default=None, description="of the vertical axis; none: the metric's own"
    )
    lines: Annotated[list[Line], Field(max_length=4)] = Field(
        default=[], description="lines to compare with"
    )
    fit: Literal["power_law"] | None = Field(
        default=None, description="y = a x^b through all replicates that survived"
    )


class Beside(Closed):
    """A run of an experiment, beside the sweeps."""

    experiment: Name = Field(description="whose run it is")
    run: Name = Field(description="of which the end values are shown")
    x: Float | None = Field(default=None, description="where it stands; none: a line across")
    label: ShownText = Field(default="", description="legend text")


_Panel = Annotated[Panel, BeforeValidator(_as_panel, json_schema_input_type=str | Panel)]


class Spec(OverKeys):
    """Panels over a key, a metric each; another key, or the sweeps, as colours."""

    kind: Literal["dependence"]
    sweep: Annotated[
        list[Name],
        Field(min_length=1, max_length=MOST_TEXTS),
        BeforeValidator(as_list, json_schema_input_type=Name | list[Name]),
    ] = Field(description="whose end values are shown; of several, each has a look")
    x: KeyPath = Field(description="key of the sweeps on the horizontal axis")
    x_scale: Literal["linear", "log"] = Field(default="linear", description="of that axis")
    colour: KeyPath | None = Field(default=None, description="further key of the sweeps, a colour")
    title: ShownText = Field(default="", description="heading")
    labels: dict[str, ShownText] = Field(
        default={}, description="legend texts of sweeps and of values, by name or value"
    )
    panels: Annotated[list[_Panel], Field(min_length=1, max_length=26)] = Field(
        description="metrics, or blocks with a `metric`, a panel each"
    )
    beside: Annotated[list[Beside], Field(max_length=4)] = Field(
        default=[], description="runs of experiments to compare with"
    )
    columns: Annotated[int, Field(ge=1, le=6, description="panels in a row")] = 2

    def tables(self) -> list[str]:
        """Experiments whose measurements the figure needs."""
        return list(dict.fromkeys(run.experiment for run in self.beside))

    def sweeps(self) -> dict[tuple, str]:
        """The sweeps that the figure needs, by the key that asks for it."""
        if len(self.sweep) == 1:
            return {("sweep",): self.sweep[0]}
        return {("sweep", place): name for place, name in enumerate(self.sweep)}

    def swept_metrics(self) -> dict[tuple, tuple[str, str]]:
        """(sweep, metric) that must be measured, by key; `diverged` always is."""
        return {
            ("panels", place, *([sweep] if at else [])): (sweep, panel.metric)
            for place, panel in enumerate(self.panels)
            for at, sweep in enumerate(self.sweep)
            if panel.metric != "diverged"
        }

    def metrics(self) -> dict[tuple, tuple[str, str]]:
        """(experiment, metric) that must be measured, by the key that asks for it."""
        return {
            ("beside", at, "panels", panel.metric): (run.experiment, panel.metric)
            for at, run in enumerate(self.beside)
            for panel in self.panels
            if panel.metric not in _OF_SWEEPS
        }

    def mistakes(self, experiments: "dict[str, Experiment]") -> dict[tuple, str]:
        """The runs beside the sweeps are those of their experiments."""
        found = {}
        for at, run in enumerate(self.beside):
            wanted = {("beside", at, "run"): run.run}
            found |= base.runs_not_there(wanted, run.experiment, experiments)
        return found

    def mistakes_in(self, swept: Swept) -> dict[Path, str]:
        """Keys that the sweeps do not have, and values that do not suit what is asked of them."""
        axes = [Axis(self.x, ("x",))]
        axes += [Axis(self.colour, ("colour",))] if self.colour else []
        found = over_keys.mistakes_of_keys(axes, self.at, swept)
        if found:
            return found
        x, colours = self.values(self.x, swept), self.values(self.colour, swept)
        found = self._mistakes_of_looks(colours, swept)
        found |= over_keys.mistakes_of_axes(self.axes, [axis.key for axis in axes])
        names = [*self.sweep, *map(name_of, [*([] if are_numbers(x) else x), *colours])]
        for name in self.labels:
            if name not in names:
                found["labels", name] = f"no sweep or value of this figure{suggest(name, names)}"
        return found | self._mistakes_over(x)

    def values(self, key: str | None, swept: Swept) -> list[Value]:
        """Values of a key that the figure shows, of all its sweeps; none without a key."""
        if key is None:
            return []
        every = [over_keys.chosen(keys[key], self.at.get(key)) for keys in swept.values()]
        return list(dict.fromkeys(value for values in every for value in values))

    def resolved(self, swept: Swept, words: dict[str, str]) -> Self:
        """The same with texts on all axes."""
        shown = [self.x, *([self.colour] if self.colour else [])]
        return self.model_copy(update={"axes": {**{key: words[key] for key in shown}, **self.axes}})

    def _mistakes_of_looks(self, colours: list[Value], swept: Swept) -> dict[Path, str]:
        """More values, or curves, than can be told apart."""
        if self.colour is None:
            return {}
        most, what = MOST_TEXTS, "colours without an order"
        if are_numbers(colours):
            most, what = MOST_NUMBERS, "shades"
        curves = sum(len(self.values(self.colour, {name: swept[name]})) for name in swept)
        count = f"{len(colours)} values"
        if len(colours) <= most:
            most, what, count = MOST_NUMBERS, "curves", f"{curves} curves of {len(swept)} sweeps"
            if curves <= most:
                return {}
        some = ", ".join(map(name_of, colours[:2]))
        text = f"got {self.colour!r} with {count}; at most {most} {what} can be told apart: "
        return {("colour",): f"{text}choose some, as `at: {{{self.colour}: [{some}]}}`"}

    def _mistakes_over(self, x: list[Value]) -> dict[Path, str]:
        """What does not suit these values on the horizontal axis."""
        found: dict[Path, str] = {}
        if self.x_scale == "log" and (text := _not_positive(self.x, x)):
            found["x_scale",] = f"got 'log'; {text}"
        for place, panel in enumerate(self.panels):
            if panel.fit and (text := _not_positive(self.x, x)):
                found["panels", place, "fit"] = f"got {panel.fit!r}; {text}"
            elif panel.fit and len(x) < 2:
                found["panels", place, "fit"] = f"got {panel.fit!r}; {self.x} has one value"
            if panel.fit and panel.metric in SHARES:
                found["panels", place, "fit"] = f"got {panel.fit!r}; {panel.metric} is a share"
            for number, line in enumerate(panel.lines):
                if text := self._mistake_of_line(line, x):
                    found["panels", place, "lines", number, "y"] = f"got {line.y!r}; {text}"
        for at, run in enumerate(self.beside):
            if run.x is not None and not are_numbers(x):
                found["beside", at, "x"] = _beyond(self.x, x)
        return found

    def _mistake_of_line(self, line: Line, x: list[Value]) -> str:
        try:
            self.line_values(line, x if are_numbers(x) else [1.0])
        except ValueError as error:
            return str(error)
        if not are_numbers(x) and self.line_values(line, [1.0]) != self.line_values(line, [2.0]):
            return _beyond(self.x, x)
        return ""

    def line_values(self, line: Line, x: list[float]) -> list[float]:
        """Values of a line at these x; raises ValueError, in words, where it has none."""
        formula = self._formula(line)
        return [formula(**dict.fromkeys(self._variables, value)) for value in x]

    def _formula(self, line: Line) -> Formula:
        return Formula(line.y, self._variables)

    @property
    def _variables(self) -> tuple[str, ...]:
        """`x`, and the last part of the key that is no number."""
        parts = [part for part in self.x.split(".") if not part.isdecimal()]
        return tuple(dict.fromkeys(["x", parts[-1]]))


def _not_positive(key: str, values: list[Value]) -> str:
    """What keeps these values from a logarithmic scale; empty where nothing does."""
    if not are_numbers(values):
        return _beyond(key, values)
    least = min(values)
    return "" if least > 0 else f"{key} must be above 0, and is {least:g}"


def _beyond(key: str, values: list[Value]) -> str:
    text = next(value for value in values if isinstance(value, str))
    return f"{key} must be a number, and is {text!r}"
