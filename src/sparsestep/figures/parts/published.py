"""Stars at published end values, of a single seed."""

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sparsestep.figures.parts import style
from sparsestep.figures.parts.shown import Shown

_STAR = {"marker": "*", "markersize": 10, "markerfacecolor": "none", "linestyle": "", "zorder": 4}


def draw(axes: Axes, x: float, y: float, colour: str) -> None:
    """A hollow star, also over the panel's frame."""
    axes.plot([x], [y], markeredgecolor=colour, clip_on=False, **_STAR)


def values(experiment: Shown, metric: str) -> dict[str, float]:
    """Published end value of a metric, by run that is shown, in order; of those that have one."""
    of_runs = {run: experiment.published.get(run, {}) for run in experiment.shown}
    return {run: values[metric] for run, values in of_runs.items() if metric in values}


def handles(experiment: Shown, metrics: list[str]) -> list[Line2D]:
    """The legend's entry, where a panel of these metrics has a star."""
    if not any(values(experiment, metric) for metric in metrics):
        return []
    return [Line2D([], [], markeredgecolor=style.GREY, **_STAR, label="published, one seed")]
