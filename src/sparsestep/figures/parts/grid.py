"""Pages that show one experiment as a grid of panels, a metric each."""

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt

from sparsestep.figures.parts import panel, style
from sparsestep.figures.specs.grid import PanelGrid

_PANEL_INCHES = (3.3, 2.4)


def draw_grid(figure: PanelGrid, title: str, draw_panel: Callable[[Any, str], None]):
    """A page with `draw_panel(axes, metric)` for every metric, lettered (a), (b), ..."""
    columns = min(figure.columns, len(figure.panels))
    rows = -(-len(figure.panels) // columns)
    width, height = _PANEL_INCHES
    # A column's legend needs some width, and its lines below the panels some height.
    size = (max(columns, 2) * width, rows * height + 1.6)
    page, grid = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    page.suptitle(style.as_text(title), fontsize="medium")
    for axes in grid.flat[len(figure.panels) :]:
        axes.set_axis_off()
    panel.add_letters(grid.flat[: len(figure.panels)])
    for axes, metric in zip(grid.flat, figure.panels, strict=False):
        draw_panel(axes, metric)
    return page
