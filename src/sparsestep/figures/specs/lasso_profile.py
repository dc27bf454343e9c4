"""Label noise against the Lasso; no figure of the paper shows this."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.specs.base import FigureSpec

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment


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

    def mistakes(self, experiments: "dict[str, Experiment]") -> dict[tuple, str]:
        """A run without label noise, or whose step size changes or differs between replicates."""
        for name, run in experiments[self.experiment].runs.items():
            where = f"experiments.{self.experiment}.runs.{name}"
            if run.algorithm.kind != "label_noise_gd":
                return {
                    ("experiment",): f"got {where}.algorithm.kind {run.algorithm.kind!r}; "
                    "every run must be trained with label_noise_gd"
                }
            if run.schedule.kind != "constant" or run.is_relative:
                got = run.schedule.model_dump(mode="json")
                return {
                    ("experiment",): f"got {where}.schedule {got}; "
                    "every run must have a constant step size, given as a number"
                }
        return {}
