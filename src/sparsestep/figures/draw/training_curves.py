"""Metrics against the iteration, one panel each (paper: Figs. 1, 2, 5-7, 9, 11, 12, 14-16)."""

from sparsestep.figures.parts import legend, over_time
from sparsestep.figures.parts.grid import draw_metrics
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.training_curves import Spec


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """Median and 10-90 % band of the survivors of every run, replicate 0, decays, divergences."""
    table, experiment = sources.tables[figure.experiment], experiments[figure.experiment]
    experiment = experiment.only(figure.runs or experiment.runs)
    page = draw_metrics(
        figure,
        experiment.title,
        lambda axes, metric: over_time.draw(axes, table, experiment, metric),
    )
    fates = legend.fates_in(table)
    legend.add_legend(
        page,
        legend.run_handles(fates, experiment),
        over_time.handles(figure.panels, experiment, fates),
    )
    return page
