"""End values over step size and duration of the large steps; no figure of the paper shows this."""

from typing import Annotated, Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.needs import FigureSpec

_PANEL_INCHES = (4.3, 3.1)


class Spec(FigureSpec):
    """A map for each metric of a sweep."""

    kind: Literal["phase_diagram"]
    sweep: Name = Field(description="whose end values are shown")
    title: str = Field(default="", description="heading")
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


def plot(sources, figure: Spec, experiments: dict):
    """The survivors' median as colour, where replicates diverge, and the edges, if there are."""
    import matplotlib.pyplot as plt

    from sparsestep.figures import panels, style
    from sparsestep.figures import phase_panels as parts

    table = sources.sweeps[figure.sweep]
    edges = sources.edges.get(figure.sweep, {})
    columns = min(figure.columns, len(figure.panels))
    rows = -(-len(figure.panels) // columns)
    width, height = _PANEL_INCHES
    size = (max(columns, 2) * width, rows * height + 1.2)
    page, grid = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    title = style.as_text(figure.title or figure.sweep)
    page.suptitle(f"{title}, {table['replicate'].nunique()} replicates", fontsize="medium")
    for axes in grid.flat[len(figure.panels) :]:
        axes.set_axis_off()
    panels.add_letters(grid.flat[: len(figure.panels)])
    for axes, metric in zip(grid.flat, figure.panels, strict=False):
        parts.draw(axes, table, metric, edges)
    blocks = (parts.colour_handles(), *([parts.edge_handles()] if edges else []))
    titles = ("step sizes and durations", "constant large steps")[: len(blocks)]
    panels.add_legend(page, *blocks, titles=titles)
    return page
