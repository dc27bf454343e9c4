"""Metrics against the iteration, one panel each (paper: Figs. 1, 2, 5-7, 9, 11, 12, 14-16)."""

from typing import Any, Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures import needs
from sparsestep.figures.panel_grid import PanelGrid, draw


class Spec(PanelGrid):
    """A grid of panels over the runs of one experiment."""

    kind: Literal["training_curves"]
    runs: list[Name] = Field(default=[], description="runs that are drawn; by default all")

    def mistakes(self, experiments: dict[str, Any]) -> dict[tuple, str]:
        """The runs are those of the experiment."""
        wanted = {("runs", index): run for index, run in enumerate(self.runs)}
        return needs.runs_not_there(wanted, self.experiment, experiments)


def plot(sources, figure: Spec, experiments: dict):
    """Median and 10-90 % band of the survivors of every run, replicate 0, decays, divergences."""
    from sparsestep.figures import panels, style

    table, experiment = sources.tables[figure.experiment], experiments[figure.experiment]
    experiment = style.with_runs(experiment, figure.runs or experiment["order"])
    page = draw(
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
