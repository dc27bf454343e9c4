"""Base of every figure's Spec: the files that it needs, the formats that it has."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from sparsestep.fields import Closed

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment


class FigureSpec(Closed):
    """Base of the `Spec` of every figure module; by default, a figure needs nothing."""

    # What the figure is written as; the report shows the first.
    FORMATS: ClassVar[tuple[str, ...]] = ("svg", "png", "pdf")
    # Whether it draws the published values (`published:` of config.yaml) of its metrics.
    SHOWS_PUBLISHED: ClassVar[bool] = False

    caption: str = Field(default="", description="first sentences of the caption (reST)")

    def tables(self) -> list[str]:
        """Experiments whose measurements the figure needs."""
        return []

    def trajectories(self) -> dict[tuple, tuple[str, str | None]]:
        """(experiment, run; None: all) whose trajectories it needs, by the key that asks for it.

        The figure gets the first batch of replicates, and, except of images, the batch's problem.
        """
        return {}

    def simulations(self) -> dict[tuple, tuple[str, str]]:
        """(simulation, kind it must be of) whose tables it needs, by the key that asks for it."""
        return {}

    def sweeps(self) -> dict[tuple, str]:
        """Sweeps whose tables, and edges if they have them, it needs, by the key that asks."""
        return {}

    def swept_metrics(self) -> dict[tuple, tuple[str, str]]:
        """(sweep, metric) that must be measured, by the key that asks for it."""
        return {}

    def experiments(self) -> list[str]:
        """Experiments that the figure shows."""
        needed = [*self.tables(), *(name for name, _ in self.trajectories().values())]
        return list(dict.fromkeys(needed))

    def metrics(self) -> dict[tuple, tuple[str, str]]:
        """(experiment, metric) that must be measured, by the key that asks for it."""
        return {}

    def mistakes_about(self, simulations: dict[str, Closed]) -> dict[tuple, str]:
        """Why these simulations, which are there and of the right kind, do not suit it, by key."""
        return {}

    def mistakes(self, experiments: "dict[str, Experiment]") -> dict[tuple, str]:
        """Why the checked experiments of config.yaml do not suit it, by key."""
        return {}


def runs_not_there(
    wanted: dict[tuple, str], experiment: str, experiments: "dict[str, Experiment]"
) -> dict[tuple, str]:
    """What is wrong with runs that are named by these keys and not in the experiment, by key."""
    valid = experiments[experiment].runs
    return {
        key: f"got {run!r}; the runs of experiments.{experiment} are {', '.join(valid)}"
        for key, run in wanted.items()
        if run not in valid
    }


def of_another_length(experiment: str, experiments: "dict[str, Experiment]") -> str:
    """The first run with iterations of its own, of a figure in which all have as many; else ""."""
    chosen = experiments[experiment]
    for name in chosen.runs:
        if own := chosen.own_parts(name).get("iterations"):
            text = f"got experiments.{experiment}.runs.{name}.iterations {own}"
            return f"{text}; every run must have as many, {chosen.iterations}"
    return ""
