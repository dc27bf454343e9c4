"""Paths of gradient descent and SGD on a slice of the loss surface (paper: Fig. 3)."""

import matplotlib.pyplot as plt

from sparsestep.figures.parts import legend, over_time, panel, style
from sparsestep.figures.parts import surface as surface_panels
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.loss_surface import Spec


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """The slice with replicate 0's projected paths; training loss of all replicates beside it."""
    experiment = experiments[figure.experiment].only([figure.flow, *figure.runs])
    surface = surface_panels.Surface(sources, figure)
    page, (left, right) = plt.subplots(1, 2, figsize=(9.0, 5.0), layout="constrained")
    page.suptitle(style.as_text(experiment.title), fontsize="medium")
    panel.add_letters([left, right])
    surface.draw(left)
    for run in figure.runs:
        surface.draw_path(left, run, experiment)
    table = surface.losses()
    over_time.draw(right, table, experiment, "train_loss")
    fates = legend.fates_of(surface.trajectories)
    runs = legend.run_handles(fates, experiment)
    marks = over_time.handles(["train_loss"], experiment, fates)
    legend.add_legend(page, runs, marks, surface_panels.handles(), titles=("run", "(b)", "(a)"))
    return page
