"""Label noise against the Lasso; no figure of the paper shows this."""

from typing import Any, Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.needs import FigureSpec

_SIZE = (10.2, 7.0)


class Spec(FigureSpec):
    """Six panels over the runs of one experiment, which differ in step size and label noise."""

    kind: Literal["lasso_profile"]
    experiment: Name = Field(description="whose runs are shown, all with label_noise_gd")

    def tables(self) -> list[str]:
        """Experiments whose measurements the figure needs."""
        return [self.experiment]

    def metrics(self) -> dict[tuple, tuple[str, str]]:
        """(experiment, metric) that must be measured: all of the measurement lasso_distance."""
        return {("experiment",): (self.experiment, "lasso_distance")}

    def mistakes(self, experiments: dict[str, Any]) -> dict[tuple, str]:
        """A run without label noise, or whose step size changes or differs between replicates."""
        for name, run in experiments[self.experiment].runs.items():
            where = f"experiments.{self.experiment}.runs.{name}"
            if run.algorithm["kind"] != "label_noise_gd":
                return {
                    ("experiment",): f"got {where}.algorithm.kind {run.algorithm['kind']!r}; "
                    "every run must be trained with label_noise_gd"
                }
            size = run.schedule.get("step_size")
            if run.schedule["kind"] != "constant" or isinstance(size, dict):
                return {
                    ("experiment",): f"got {where}.schedule {run.schedule}; "
                    "every run must have a constant step size, given as a number"
                }
        return {}


def plot(sources, figure: Spec, experiments: dict):
    """Distances, penalty, support recovery and decay, against step size times variance."""
    import matplotlib.pyplot as plt

    from sparsestep.figures import lasso_panels, panels, style

    experiment = experiments[figure.experiment]
    profile = lasso_panels.Profile(sources.tables[figure.experiment], experiment)
    page, grid = plt.subplots(2, 3, figsize=_SIZE, layout="constrained")
    page.suptitle(style.as_text(experiment["title"]), fontsize="medium")
    panels.add_letters(grid.flat)
    for axes, draw in zip(grid.flat, lasso_panels.PANELS, strict=True):
        draw(axes, profile)
    panels.add_legend(
        page,
        lasso_panels.run_handles(profile),
        lasso_panels.mark_handles(profile),
        lasso_panels.fit_handles(profile),
        titles=("step size", " ", "fit"),
    )
    return page
