"""The block `claims:` of an experiment: which of the paper's statements its replicates test."""

from typing import Any

from pydantic import Field

from sparsestep.comparisons import comparisons, large_steps
from sparsestep.config_errors import dotted, suggest
from sparsestep.fields import Closed


class Claims(Closed):
    """Metrics that a claim is about; what is claimed and how it is judged: claims.py."""

    stabilises: str | None = Field(
        default=None, description="a loss that large steps hold at a high level until the decay"
    )
    better: list[str] = Field(
        default=[], description="losses that are smaller the longer the large steps last"
    )
    sparser: list[str] = Field(
        default=[], description="ranks, counts, shares that are smaller the longer they last"
    )


def compared(experiment: Any) -> dict[str, dict]:
    """What `comparisons` asks about each run of an `Experiment` (config.py)."""
    display = {"schedule", "label", "colour"}
    return {
        name: {"schedule": run.schedule, "otherwise": run.model_dump(mode="json", exclude=display)}
        for name, run in experiment.runs.items()
    }


def mistakes(experiment: Any, measured: list[str], path: tuple) -> list[str]:
    """One line for each claim about what is not `measured`, or about runs that are not there."""
    claims, iterations = experiment.claims, experiment.iterations
    metrics = {("stabilises",): claims.stabilises} if claims.stabilises is not None else {}
    for name in ("better", "sparser"):
        metrics |= {(name, index): metric for index, metric in enumerate(getattr(claims, name))}
    lines = [
        f"{dotted((*path, 'claims', *key))}: not measured{suggest(metric, measured)}"
        for key, metric in metrics.items()
        if metric not in measured
    ]
    lengths = [large_steps(run.schedule, iterations) for run in experiment.runs.values()]
    if claims.stabilises is not None and not any(lengths):
        where = dotted((*path, "claims", "stabilises"))
        lines.append(f"{where}: no run has a step size that decays")
    asked = [name for name in ("better", "sparser") if getattr(claims, name)]
    if asked and not comparisons(compared(experiment), iterations):
        what = "no run takes steps at least as large as another's for longer"
        lines += [f"{dotted((*path, 'claims', name))}: {what}" for name in asked]
    return lines
