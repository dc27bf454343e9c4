"""Metrics against the iteration, one panel each (paper: Figs. 1, 2, 5-7, 9, 11, 12, 14-16)."""

from sparsestep.figures.parts import panels, style
from sparsestep.figures.parts.grid import draw_grid
from sparsestep.figures.specs.training_curves import Spec


def plot(sources, figure: Spec, experiments: dict):
    """Median and 10-90 % band of the survivors of every run, replicate 0, decays, divergences."""
    table, experiment = sources.tables[figure.experiment], experiments[figure.experiment]
    experiment = style.with_runs(experiment, figure.runs or experiment["order"])
    page = draw_grid(
        figure,
        experiment["title"],
        lambda axes, metric: panels.draw_over_time(axes, table, experiment, metric),
    )
    panels.add_legend(
        page,
        panels.run_handles(panels.fates(table), experiment),
        panels.over_time_handles(figure.panels, experiment),
    )
    return page
