"""The block `published:` of config.yaml: what the paper's figures end with, beside our end values.

Data about the paper, no part of any result: nothing is trained or measured anew for a change here.
Values are in the units of our tables, so that a share stands as 0.34 where the paper says 34 %.
"""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sparsestep.config.kinds import columns, not_measured
from sparsestep.fields import Closed, Float, Name
from sparsestep.mistakes import Mistakes, suggest

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment

Values = Annotated[dict[str, Float], Field(min_length=1)]
Text = Annotated[str, Field(min_length=1, max_length=300)]


class ShownBy(Closed):
    """Replicates among which the published value lies."""

    experiment: Name = Field(description="another experiment")
    run: Name = Field(description="one of its runs")


class Outside(Closed):
    """Why published values of a run lie outside of ours; said of those alone that do."""

    run: Name = Field(description="of the values above")
    metrics: Annotated[list[str], Field(min_length=1)] = Field(description="of the values above")
    reason: Text = Field(description="in words")
    shown_by: ShownBy | None = Field(
        default=None, description="replicates that must enclose the value, or the reason is dropped"
    )


class Published(Closed):
    """End values of an experiment's runs in a figure of the paper, of a single seed."""

    figure: Text = Field(description="of the paper")
    experiment: Name = Field(description="of ours")
    source: Literal["digitised", "text", "notebook"] = Field(
        default="digitised",
        description="digitised: known to 0.2 %; text, notebook: to the digits that stand there",
    )
    runs: Annotated[dict[Name, Values], Field(min_length=1)] = Field(
        description="values by metric, of each run"
    )
    outside: list[Outside] = Field(default=[], description="why values lie outside of ours")


def check(
    blocks: list[Published], experiments: "dict[str, Experiment]", mistakes: Mistakes
) -> None:
    """Note each value of which we have none, each that is given twice, each reason without one."""
    seen: set[tuple[str, str, str]] = set()
    for index, block in enumerate(blocks):
        where = mistakes.at(index)
        if block.experiment not in experiments:
            text = f"there is no such experiment{suggest(block.experiment, list(experiments))}"
            where.add(text, "experiment")
            continue
        for run, values in block.runs.items():
            keys = {metric: (run, metric) for metric in values}
            _check_run(block.experiment, run, (run,), keys, experiments, where.at("runs"))
            for metric in values:
                if (key := (block.experiment, run, metric)) in seen:
                    where.add("a second value of the same experiment and run", "runs", run, metric)
                seen.add(key)
        for place, outside in enumerate(block.outside):
            _check_outside(outside, block, experiments, where.at("outside", place))


def _check_outside(
    outside: Outside, block: Published, experiments: "dict[str, Experiment]", mistakes: Mistakes
) -> None:
    if outside.run not in block.runs:
        mistakes.add(f"has no value above{suggest(outside.run, list(block.runs))}", "run")
        return
    values = block.runs[outside.run]
    for index, metric in enumerate(outside.metrics):
        if metric not in values:
            mistakes.add(f"has no value above{suggest(metric, list(values))}", "metrics", index)
    if (other := outside.shown_by) is None:
        return
    if other.experiment not in experiments:
        text = f"there is no such experiment{suggest(other.experiment, list(experiments))}"
        mistakes.add(text, "shown_by", "experiment")
        return
    key = ("shown_by", "run")
    keys = dict.fromkeys(outside.metrics, key)
    _check_run(other.experiment, other.run, key, keys, experiments, mistakes)


def _check_run(
    name: str,
    run: str,
    key: tuple,
    keys: dict[str, tuple],
    experiments: "dict[str, Experiment]",
    mistakes: Mistakes,
) -> None:
    """Note a run that is not there, at its key, and each metric that is not measured, at its."""
    of = experiments[name]
    if run not in of.runs:
        mistakes.add(f"experiments.{name} has no such run{suggest(run, list(of.runs))}", *key)
        return
    measured = columns(of.measure, of.model, of.problem)
    for metric, where in keys.items():
        if metric not in measured:
            mistakes.add(not_measured(metric, measured, of.problem), *where)
