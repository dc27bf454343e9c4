"""Copies of a replicate that start within rounding of it; no figure of the paper shows this."""

from typing import TYPE_CHECKING, Literal

from sparsestep.figures.specs.grid import PanelGrid

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment

# What copies' distance is measured in.
METRIC = "train_loss"


class Spec(PanelGrid):
    """How fast the copies of each run part, how many diverge, and what the others end with."""

    kind: Literal["rounding"]

    def metrics(self) -> dict[tuple, tuple[str, str]]:
        """(experiment, metric) that must be measured, by the key that asks for it."""
        return {**super().metrics(), ("experiment",): (self.experiment, METRIC)}

    def mistakes(self, experiments: "dict[str, Experiment]") -> dict[tuple, str]:
        """A run whose replicates differ in more than a perturbation of the start, or not in it."""
        chosen = experiments[self.experiment]
        for name in chosen.runs:
            where = f"experiments.{self.experiment}.runs.{name}"
            if not chosen.perturbation(name):
                return {
                    ("experiment",): f"got {where} without algorithm.perturbation; "
                    "every run must have one, as 1.0e-14"
                }
            if not chosen.has_copies(name):
                return {
                    ("experiment",): f"got {where}, whose replicates differ in "
                    f"{', '.join(chosen.problem.vary)}; they must differ in nothing but the "
                    "perturbation: problem.vary []"
                }
        return {}
