"""End values of every replicate, one panel a metric: what a single seed would hide."""

from sparsestep.figures.parts import end_values, legend
from sparsestep.figures.parts.grid import draw_metrics
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.end_values import Spec


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """The last snapshot of every survivor as a point, the median as a bar, replicate 0 marked."""
    table, experiment = sources.tables[figure.experiment], experiments[figure.experiment]
    page = draw_metrics(
        figure,
        experiment.title,
        lambda axes, metric: end_values.draw(axes, table, experiment, metric),
    )
    handles = legend.run_handles(legend.fates_in(table), experiment, marker="o")
    legend.add_legend(page, handles, end_values.handles(experiment, figure.panels))
    return page
