"""The paths of loss_surface as they grow (paper: the animated version of Fig. 3)."""

import matplotlib.pyplot as plt

from sparsestep.figures.parts import growing_paths, legend, panel, style
from sparsestep.figures.parts import surface as surface_panels
from sparsestep.figures.parts.animation import Animation
from sparsestep.figures.parts.shown import Shown
from sparsestep.figures.sources import Sources
from sparsestep.figures.specs.loss_surface_animation import Spec


def plot(sources: Sources, figure: Spec, experiments: dict[str, Shown]):
    """Replicate 0's projected paths and training losses; the still figure is the last frame."""
    experiment = experiments[figure.experiment].only(figure.runs)
    surface = surface_panels.Surface(sources, figure)
    page, (left, right) = plt.subplots(1, 2, figsize=(9.0, 5.0), layout="constrained")
    page.suptitle(style.as_text(experiment.title), fontsize="medium")
    panel.add_letters([left, right])
    surface.draw(left)
    paths = growing_paths.GrowingPaths(left, right, surface, experiment)
    runs = legend.run_handles(legend.fates_of(surface.trajectories), experiment)
    marks = growing_paths.handles()
    points = surface_panels.point_handles()
    legend.add_legend(page, runs, marks, points, titles=("run", "(a) and (b)", "(a)"))
    paths.show(paths.frames - 1)
    # The layout of the last frame holds for all.
    page.draw_without_rendering()
    page.set_layout_engine("none")
    return Animation(page, paths.frames, paths.moving, paths.show)
