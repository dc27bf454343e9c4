"""What figures that show one experiment as a grid of panels, a metric each, have in common."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.needs import FigureSpec

_PANEL_INCHES = (3.3, 2.4)


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


def draw(figure: PanelGrid, title: str, draw_panel: Callable[[Any, str], None]):
    """A page with `draw_panel(axes, metric)` for every metric, lettered (a), (b), ..."""
    import matplotlib.pyplot as plt

    from sparsestep.figures import panels, style

    columns = min(figure.columns, len(figure.panels))
    rows = -(-len(figure.panels) // columns)
    width, height = _PANEL_INCHES
    # A column's legend needs some width, and its lines below the panels some height.
    size = (max(columns, 2) * width, rows * height + 1.6)
    page, grid = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    page.suptitle(style.as_text(title), fontsize="medium")
    for axes in grid.flat[len(figure.panels) :]:
        axes.set_axis_off()
    panels.add_letters(grid.flat[: len(figure.panels)])
    for axes, metric in zip(grid.flat, figure.panels, strict=False):
        draw_panel(axes, metric)
    return page
