"""Base of figures that show one experiment as a grid of panels, a metric each."""

from typing import Annotated

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.specs.base import FigureSpec


class PanelGrid(FigureSpec):
    """Keys of config.yaml of such a figure."""

    experiment: Name = Field(description="whose runs are shown")
    panels: list[str] = Field(min_length=1, max_length=26, description="metrics, a panel each")
    columns: Annotated[int, Field(ge=1, le=6, description="panels in a row")] = 2

    def tables(self) -> list[str]:
        """Experiments whose measurements the figure needs."""
        return [self.experiment]

    def metrics(self) -> dict[tuple, tuple[str, str]]:
        """(experiment, metric) that must be measured, by the key that asks for it."""
        return {
            ("panels", index): (self.experiment, metric) for index, metric in enumerate(self.panels)
        }
