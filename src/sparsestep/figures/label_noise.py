"""SGD beside full-batch descent on noisy labels from the same point (paper: Prop. 2.1)."""

from typing import Annotated, Any, Literal

from pydantic import Field

from sparsestep.fields import Name
from sparsestep.figures.needs import FigureSpec

_PANEL_INCHES = (3.1, 2.4)
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

    def mistakes(self, experiments: dict[str, Any]) -> dict[tuple, str]:
        """What the algorithms are, and that both take the same steps."""
        found = {}
        for name in self.networks:
            runs = [experiments[name].runs[run] for run in self.runs]
            kinds = [run.algorithm["kind"] for run in runs]
            if kinds != ["sgd", "gd_on_noisy_labels"]:
                found[("runs",)] = (
                    f"in experiments.{name} they are {', '.join(kinds)}; "
                    "must be sgd, gd_on_noisy_labels"
                )
            elif runs[1].algorithm["of"] != self.runs[0]:
                # The same schedule would do, unless it refers to edges, found for each on its own.
                found[("runs", 1)] = (
                    f"in experiments.{name} it has step sizes of its own; "
                    f"must be `of: {self.runs[0]}`"
                )
        return found


def plot(sources, figure: Spec, experiments: dict):
    """Training loss of both runs above, how far apart they are below."""
    import matplotlib.pyplot as plt

    from sparsestep.figures import label_noise_panels, panels, style

    columns = len(figure.networks)
    width, height = _PANEL_INCHES
    size = (max(columns, 2) * width, 2 * height + 1.5)
    options = {"layout": "constrained", "squeeze": False, "sharex": "col", "sharey": "row"}
    page, grid = plt.subplots(2, columns, figsize=size, **options)
    for name, (above, below) in zip(figure.networks, grid.T, strict=True):
        pair = label_noise_panels.Pair(sources, figure, name, experiments[name])
        above.set_title(style.wrapped(experiments[name]["title"]), fontsize="small")
        pair.draw_losses(above)
        pair.draw_differences(below)
    panels.add_letters(grid.flat)
    first = experiments[figure.networks[0]]
    panels.add_legend(
        page,
        label_noise_panels.run_handles(figure, first),
        label_noise_panels.handles(),
        titles=("upper row", "lower row"),
    )
    return page
