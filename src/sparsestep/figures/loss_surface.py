"""Paths of gradient descent and SGD on a slice of the loss surface (paper: Fig. 3)."""

from typing import Any, Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.needs import FigureSpec


class LossSlice(FigureSpec):
    """Which runs of a diagonal network span the slice and are drawn on it."""

    experiment: Name = Field(description="sparse regression by a diagonal network")
    flow: Name = Field(description="run whose end spans the slice, with start and sparse solution")
    runs: list[Name] = Field(min_length=1, max_length=5, description="runs whose paths are drawn")
    fold: Literal["absolute", "pairs"] = Field(
        default="absolute",
        description="before they are projected, paths are (|u|, |v|), as published; or u_j and v_j "
        "change sign together where their sum is negative: the same network",
    )

    def trajectories(self) -> dict[tuple, tuple[str, str | None]]:
        """The run that spans the slice, and those drawn."""
        named = {("runs", index): (self.experiment, run) for index, run in enumerate(self.runs)}
        return {("flow",): (self.experiment, self.flow), **named}

    def mistakes(self, experiments: dict[str, Any]) -> dict[tuple, str]:
        """The sparse solution is known of sparse regression by a diagonal network."""
        chosen = experiments[self.experiment]
        for role, wanted in (("problem", "sparse_regression"), ("model", "diagonal")):
            kind = getattr(chosen, role)["kind"]
            if kind != wanted:
                text = f"got {self.experiment!r}, whose {role} is {kind}; valid: {wanted}"
                return {("experiment",): text}
        return {}


class Spec(LossSlice):
    """A slice of the loss surface with paths, and the training loss along them."""

    kind: Literal["loss_surface"]


def plot(sources, figure: Spec, experiments: dict):
    """The slice with replicate 0's projected paths; training loss of all replicates beside it."""
    import matplotlib.pyplot as plt

    from sparsestep.figures import panels, style, surface_panels

    experiment = style.with_runs(experiments[figure.experiment], [figure.flow, *figure.runs])
    surface = surface_panels.Surface(sources, figure)
    page, (left, right) = plt.subplots(1, 2, figsize=(9.0, 5.0), layout="constrained")
    page.suptitle(style.as_text(experiment["title"]), fontsize="medium")
    panels.add_letters([left, right])
    surface.draw(left)
    for run in figure.runs:
        surface.draw_path(left, run, experiment)
    table = surface.losses()
    panels.draw_over_time(right, table, experiment, "train_loss")
    runs = panels.run_handles(surface.fates(), experiment)
    marks = panels.over_time_handles(["train_loss"], experiment)
    panels.add_legend(page, runs, marks, surface_panels.handles(), titles=("run", "(b)", "(a)"))
    return page
