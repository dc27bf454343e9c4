"""End values against the duration of the large-step phase, peak and final step size the same."""

from string import ascii_lowercase
from typing import Annotated, Literal

from pydantic import Field

from sparsestep.fields import Closed, Name
from sparsestep.figures.needs import FigureSpec

_PANEL_INCHES = (2.6, 2.1)


class Column(Closed):
    """An experiment, a metric a row."""

    experiment: Name = Field(description="whose runs are shown")
    title: str = Field(default="", description="above the column")
    panels: Annotated[
        list[str], Field(min_length=1, max_length=6, description="metrics, a row each")
    ]


class Spec(FigureSpec):
    """A column of panels for each experiment."""

    kind: Literal["duration_effect"]
    columns: Annotated[list[Column], Field(min_length=1, max_length=4, description="left to right")]

    def tables(self) -> list[str]:
        """Experiments whose measurements the figure needs."""
        return [column.experiment for column in self.columns]

    def metrics(self) -> dict[tuple, tuple[str, str]]:
        """(experiment, metric) that must be measured, by the key that asks for it."""
        return {
            ("columns", place, "panels", row): (column.experiment, metric)
            for place, column in enumerate(self.columns)
            for row, metric in enumerate(column.panels)
        }


def plot(sources, figure: Spec, experiments: dict):
    """Survivors' median and 10-90 % band over the duration, replicates as points."""
    import matplotlib.pyplot as plt

    from sparsestep.figures import duration_panels, panels, replicates, style

    rows = max(len(column.panels) for column in figure.columns)
    width, height = _PANEL_INCHES
    size = (max(len(figure.columns), 2) * width, rows * height + 1.2)
    page, grid = plt.subplots(
        rows, len(figure.columns), figsize=size, layout="constrained", squeeze=False
    )
    letters = iter(ascii_lowercase)
    for place, column in enumerate(figure.columns):
        name = column.experiment
        durations = duration_panels.Durations(sources.tables[name], experiments[name])
        for axes in grid[len(column.panels) :, place]:
            axes.set_axis_off()
        for axes, metric in zip(grid[:, place], column.panels, strict=False):
            duration_panels.draw(axes, durations, metric)
            letter = f"({next(letters)})"
            axes.annotate(letter, (-0.3, 1.08), xycoords="axes fraction", fontsize="small")
        duration_panels.count_diverged(grid[0, place], durations)
        grid[0, place].set_title(style.as_text(column.title), pad=14)
        grid[len(column.panels) - 1, place].set_xlabel("large steps [% of iterations]")
    counts = max(experiments[name]["replicates"] for name in figure.experiments())
    panels.add_legend(page, duration_panels.run_handles(), replicates.handles(counts))
    return page
