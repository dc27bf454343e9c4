"""End values over two keys of a sweep, as maps; no figure of the paper shows this."""

from typing import Annotated, Literal, Self

from pydantic import Field

from sparsestep.fields import AddedField, Name
from sparsestep.figures.specs import over_keys
from sparsestep.figures.specs.over_keys import Axis, KeyPath, Keys, OverKeys, Swept
from sparsestep.figures.specs.text import ShownText
from sparsestep.mistakes import Path

# Keys of a sweep over step size and duration, of which figures say nothing of axes.
STEPS_AND_DURATIONS = ["step_size", "decay_at"]


class Spec(OverKeys):
    """A map for each metric of a sweep."""

    kind: Literal["phase_diagram"]
    sweep: Name = Field(description="whose end values are shown")
    title: ShownText = Field(default="", description="heading")
    panels: list[str] = Field(min_length=1, max_length=26, description="metrics, a map each")
    columns: Annotated[int, Field(ge=1, le=6, description="maps in a row")] = 2
    x: KeyPath | None = AddedField(
        default=None, description="key on the horizontal axis; none: the sweep's first"
    )
    y: KeyPath | None = AddedField(
        default=None, description="key on the vertical axis; none: the sweep's next"
    )

    def sweeps(self) -> dict[tuple, str]:
        """The sweep that the figure needs, by the key that asks for it."""
        return {("sweep",): self.sweep}

    def swept_metrics(self) -> dict[tuple, tuple[str, str]]:
        """(sweep, metric) that must be measured, by key; `diverged` always is."""
        return {
            ("panels", index): (self.sweep, metric)
            for index, metric in enumerate(self.panels)
            if metric != "diverged"
        }

    def mistakes_in(self, swept: Swept) -> dict[Path, str]:
        """Keys that the sweep does not have, or too few of them."""
        keys = swept[self.sweep]
        if len(keys) < 2:
            text = f"got {self.sweep!r}, of one key, {next(iter(keys))}; a map has two"
            return {("sweep",): f"{text} (one: a figure of kind dependence)"}
        x, y = self._keys(keys)
        found = over_keys.mistakes_of_keys([Axis(x, ("x",)), Axis(y, ("y",))], self.at, swept)
        return found or over_keys.mistakes_of_axes(self.axes, [x, y])

    def resolved(self, swept: Swept, words: dict[str, str]) -> Self:
        """The same with its keys, and texts on its axes.

        As it is where nothing is said of the keys of a sweep over step size and duration.
        """
        x, y = keys = self._keys(swept[self.sweep])
        if list(keys) == STEPS_AND_DURATIONS and not self.axes:
            return self.model_copy(update={"x": None, "y": None})
        texts = {**{key: words[key] for key in keys}, **self.axes}
        return self.model_copy(update={"x": x, "y": y, "axes": texts})

    def _keys(self, keys: Keys) -> tuple[str, str]:
        """The keys on the axes: those that are named, the others in the sweep's order."""
        left = [key for key in keys if key not in (self.x, self.y)]
        x = self.x or left.pop(0)
        return x, self.y or left.pop(0)
