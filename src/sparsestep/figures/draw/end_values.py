"""End values of every replicate, one panel a metric: what a single seed would hide."""

from sparsestep.figures.parts import panels
from sparsestep.figures.parts.grid import draw_grid
from sparsestep.figures.specs.end_values import Spec


def plot(sources, figure: Spec, experiments: dict):
    """The last snapshot of every survivor as a point, the median as a bar, replicate 0 marked."""
    table, experiment = sources.tables[figure.experiment], experiments[figure.experiment]
    page = draw_grid(
        figure,
        experiment["title"],
        lambda axes, metric: panels.draw_end_values(axes, table, experiment, metric),
    )
    handles = panels.run_handles(panels.fates(table), experiment, marker="o")
    panels.add_legend(page, handles, panels.end_value_handles())
    return page
