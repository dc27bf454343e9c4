"""End values of every replicate, one panel a metric: what a single seed would hide."""

from typing import Literal

from sparsestep.figures.panel_grid import PanelGrid, draw


class Spec(PanelGrid):
    """A grid of panels over the runs of one experiment."""

    kind: Literal["end_values"]


def plot(sources, figure: Spec, experiments: dict):
    """The last snapshot of every survivor as a point, the median as a bar, replicate 0 marked."""
    from sparsestep.figures import panels

    table, experiment = sources.tables[figure.experiment], experiments[figure.experiment]
    page = draw(
        figure,
        experiment["title"],
        lambda axes, metric: panels.draw_end_values(axes, table, experiment, metric),
    )
    handles = panels.run_handles(panels.fates(table), experiment, marker="o")
    panels.add_legend(page, handles, panels.end_value_handles())
    return page
