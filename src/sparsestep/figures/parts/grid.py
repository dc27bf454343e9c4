"""Pages of panels side by side and below each other."""

from collections.abc import Callable

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sparsestep.figures.parts import panel, style
from sparsestep.figures.specs.grid import PanelGrid

_METRIC_INCHES = (3.3, 2.4)


def open_page(
    title: str,
    count: int,
    columns: int,
    inches: tuple[float, float],
    below: float,
    least: int = 2,
    shared: bool = False,
) -> tuple[Figure, list[Axes]]:
    """A page with room for `count` panels, at most `columns` in a row, and the panels.

    `inches` are width and height of a panel; legends need `below` inches of height, and the width
    of at least `least` panels. With `shared`, all panels have the same axes.
    """
    columns = min(columns, count)
    rows = -(-count // columns)
    width, height = inches
    size = (max(columns, least) * width, rows * height + below)
    page, grid = plt.subplots(
        rows,
        columns,
        figsize=size,
        layout="constrained",
        squeeze=False,
        sharex=shared,
        sharey=shared,
    )
    page.suptitle(title, fontsize="medium")
    for axes in grid.flat[count:]:
        axes.set_axis_off()
    return page, list(grid.flat[:count])


def draw_metrics(figure: PanelGrid, title: str, draw: Callable[[Axes, str], None]) -> Figure:
    """A page with `draw(axes, metric)` for every metric of the figure, lettered (a), (b), ..."""
    count = len(figure.panels)
    page, panels = open_page(style.as_text(title), count, figure.columns, _METRIC_INCHES, below=1.6)
    panel.add_letters(panels)
    for axes, metric in zip(panels, figure.panels, strict=True):
        draw(axes, metric)
    return page
