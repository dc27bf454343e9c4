"""End values against the distance to the edge of divergence; no figure of the paper shows this."""

from typing import Literal

from sparsestep.figures.panel_grid import PanelGrid, draw


class Spec(PanelGrid):
    """A grid of panels over the runs of an experiment in units of the edge."""

    kind: Literal["edge_profile"]

    def metrics(self) -> dict[tuple, tuple[str, str]]:
        """(experiment, metric) that must be measured; `diverged` always is."""
        return {key: asked for key, asked in super().metrics().items() if asked[1] != "diverged"}


def plot(sources, figure: Spec, experiments: dict):
    """Survivors' median and 10-90 % band over the fraction of the edge, replicates as points."""
    from sparsestep.figures import edge_panels, panels, replicates

    table, experiment = sources.tables[figure.experiment], experiments[figure.experiment]
    profile = edge_panels.Profile(table, experiment)
    page = draw(
        figure,
        experiment["title"],
        lambda axes, metric: edge_panels.draw(axes, profile, metric),
    )
    marks = replicates.handles(experiment["replicates"])
    panels.add_legend(page, edge_panels.duration_handles(profile), marks)
    return page
