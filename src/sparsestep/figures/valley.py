"""Paths in the plane of two tied weights, on the loss surface itself (paper: Fig. 8)."""

from typing import Any, Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.needs import FigureSpec


class Spec(FigureSpec):
    """A diagonal network of two coordinates with u = v = w, on one sample."""

    kind: Literal["valley"]
    experiment: Name = Field(description="a diagonal network with u = v in two dimensions")

    def trajectories(self) -> dict[tuple, tuple[str, str | None]]:
        """All runs."""
        return {("experiment",): (self.experiment, None)}

    def mistakes(self, experiments: dict[str, Any]) -> dict[tuple, str]:
        """A path lies in a plane where u = v and d = 2; with x, y > 0 the valley is an ellipse."""
        chosen = experiments[self.experiment]
        problem, model = chosen.problem, chosen.model
        suits = (
            model["kind"] == "diagonal"
            and model["u"] == model["v"]
            and problem["kind"] == "given_data"
            and len(problem["x"]) == 1
            and len(problem["x"][0]) == 2
            and min(*problem["x"][0], *problem["y"]) > 0
        )
        if suits:
            return {}
        needed = (
            "given_data of one sample, two inputs and a label, all above 0, "
            "and a diagonal model with u = v"
        )
        return {("experiment",): f"got {self.experiment!r}; must have {needed}"}


def plot(sources, figure: Spec, experiments: dict):
    """The loss surface with every replicate's path; the weights against the iteration."""
    import matplotlib.pyplot as plt

    from sparsestep.figures import panels, style, valley_panels

    experiment = experiments[figure.experiment]
    valley = valley_panels.Valley(sources, figure.experiment, experiment)
    page, axes = plt.subplots(
        1, 3, figsize=(10.5, 4.9), layout="constrained", width_ratios=(1.35, 1, 1)
    )
    page.suptitle(style.as_text(experiment["title"]), fontsize="medium")
    panels.add_letters(axes)
    valley.draw_surface(axes[0])
    valley.draw_weight(axes[1], 0)
    valley.draw_weight(axes[2], 1)
    runs = panels.run_handles(valley.fates(), experiment)
    panels.add_legend(page, runs, valley_panels.handles())
    return page
