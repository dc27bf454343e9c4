"""SGD beside full-batch descent on noisy labels from the same point (paper: Prop. 2.1)."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.specs.base import FigureSpec

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment

_GAP = "label_noise_gap"


class Spec(FigureSpec):
    """Two runs that are the same in exact arithmetic, in some experiments."""

    kind: Literal["label_noise"]
    networks: Annotated[list[Name], Field(min_length=1, max_length=6)] = Field(
        description="experiments, a column of panels each"
    )
    runs: tuple[Name, Name] = Field(description="SGD, and gd_on_noisy_labels as it")

    def tables(self) -> list[str]:
        """Those of all experiments."""
        return list(self.networks)

    def trajectories(self) -> dict[tuple, tuple[str, str | None]]:
        """Those of both runs."""
        return {
            ("runs", index, name): (name, run)
            for name in self.networks
            for index, run in enumerate(self.runs)
        }

    def metrics(self) -> dict[tuple, tuple[str, str]]:
        """The gap of a single step."""
        return {
            ("networks", at, metric): (name, metric)
            for at, name in enumerate(self.networks)
            for metric in ("train_loss", _GAP)
        }

    def mistakes(self, experiments: "dict[str, Experiment]") -> dict[tuple, str]:
        """What the algorithms are, and that both take the same steps."""
        found = {}
        for name in self.networks:
            runs = [experiments[name].runs[run] for run in self.runs]
            kinds = [run.algorithm.kind for run in runs]
            if kinds != ["sgd", "gd_on_noisy_labels"]:
                found[("runs",)] = (
                    f"in experiments.{name} they are {', '.join(kinds)}; "
                    "must be sgd, gd_on_noisy_labels"
                )
            elif runs[1].followed != self.runs[0]:
                # The same schedule would do, unless it refers to edges, found for each on its own.
                found[("runs", 1)] = (
                    f"in experiments.{name} it has step sizes of its own; "
                    f"must be `of: {self.runs[0]}`"
                )
        return found
