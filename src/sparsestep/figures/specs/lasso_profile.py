"""Label noise against the Lasso; no figure of the paper shows this."""

from typing import Any, Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.specs.base import FigureSpec


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
