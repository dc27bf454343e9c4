"""Metrics against the iteration, one panel each (paper: Figs. 2, 5, 11, 12, 14)."""

from typing import Literal

from sparsestep.figures.panel_grid import PanelGrid, draw


class Spec(PanelGrid):
    """A grid of panels over the runs of one experiment."""

    kind: Literal["training_curves"]


def plot(sources, figure: Spec, experiments: dict):
    """Median and 10-90 % band of the survivors of every run, replicate 0, decays, divergences."""
    from sparsestep.figures import panels

    table, experiment = sources.tables[figure.experiment], experiments[figure.experiment]
    page = draw(
        figure,
        experiment["title"],
        lambda axes, metric: panels.draw_over_time(axes, table, experiment, metric),
    )
    panels.add_legend(
        page,
        panels.run_handles(panels.fates(table), experiment),
        panels.over_time_handles(figure.panels),
    )
    return page
