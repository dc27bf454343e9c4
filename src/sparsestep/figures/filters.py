"""What the first layer of networks on images has learned (paper: Fig. 17)."""

from typing import Annotated, Any, Literal

from pydantic import Field

from sparsestep import registry
from sparsestep.fields import Name
from sparsestep.figures.needs import FigureSpec

_PANEL_INCHES = (2.3, 2.3)


class Spec(FigureSpec):
    """The first convolution's filters at the last snapshot of replicate 0, a panel a run."""

    kind: Literal["filters"]
    experiment: Name = Field(description="networks on images")
    runs: list[Name] = Field(default=[], description="runs that are drawn; by default all")
    initial: bool = Field(default=False, description="first a panel of the filters before training")
    columns: Annotated[int, Field(ge=1, le=6, description="panels in a row")] = 4

    def trajectories(self) -> dict[tuple, tuple[str, str | None]]:
        """Those of the runs that are drawn."""
        if not self.runs:
            return {("experiment",): (self.experiment, None)}
        return {("runs", index): (self.experiment, run) for index, run in enumerate(self.runs)}

    def mistakes(self, experiments: dict[str, Any]) -> dict[tuple, str]:
        """Filters are what a network on images has."""
        kind = experiments[self.experiment].problem["kind"]
        if kind in registry.IMAGE_PROBLEMS:
            return {}
        valid = ", ".join(registry.IMAGE_PROBLEMS)
        return {
            ("experiment",): f"got {self.experiment!r}, whose problem is {kind}; valid: {valid}"
        }


def plot(sources, figure: Spec, experiments: dict):
    """Filters sorted by norm, in one scale for all panels, and how many have next to no weight."""
    import matplotlib.pyplot as plt

    from sparsestep.figures import filter_panels, panels, style

    experiment = experiments[figure.experiment]
    experiment = style.with_runs(experiment, figure.runs or experiment["order"])
    filters = filter_panels.Filters(sources, figure.experiment, experiment, figure.initial)
    drawn = [None, *filters.runs] if figure.initial else filters.runs
    columns = min(figure.columns, len(drawn))
    rows = -(-len(drawn) // columns)
    width, height = _PANEL_INCHES
    # The legends need some width and height of their own.
    size = (max(columns, 3) * width, rows * height + 1.5)
    page, grid = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    page.suptitle(style.as_text(experiment["title"]), fontsize="medium")
    for axes in grid.flat[len(drawn) :]:
        axes.set_axis_off()
    for axes, run in zip(grid.flat, drawn, strict=False):
        filters.draw(axes, run)
    panels.add_letters(grid.flat[: len(drawn)])
    panels.add_legend(
        page, filters.run_handles(), filters.scale_handles(), titles=("run", "weight")
    )
    return page
