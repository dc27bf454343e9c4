"""End values over step size and duration of the large steps; no figure of the paper shows this."""

from typing import Annotated, Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.specs.base import FigureSpec
from sparsestep.figures.specs.text import ShownText


class Spec(FigureSpec):
    """A map for each metric of a sweep."""

    kind: Literal["phase_diagram"]
    sweep: Name = Field(description="whose end values are shown")
    title: ShownText = Field(default="", description="heading")
    panels: list[str] = Field(min_length=1, max_length=26, description="metrics, a map each")
    columns: Annotated[int, Field(ge=1, le=6, description="maps in a row")] = 2

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
