"""The block `claims:` of an experiment: which of the paper's statements its replicates test."""

from typing import Any

from pydantic import Field

from sparsestep.fields import Closed
from sparsestep.mistakes import dotted, suggest


class Claims(Closed):
    """Metrics that a claim is about; what is claimed and how it is judged: claims/verdicts.py."""

    stabilises: str | None = Field(
        default=None, description="a loss that large steps hold at a high level until the decay"
    )
    better: list[str] = Field(
        default=[], description="losses, errors that are smaller the longer the large steps last"
    )
    sparser: list[str] = Field(
        default=[], description="ranks, counts, shares that are smaller the longer they last"
    )


def compared(experiment: Any) -> dict[str, dict]:
    """What `comparisons` asks about each run of an `Experiment` (blocks.py) that claims are about.

    That is each with a schedule of its own. Runs that follow another (`of`) stand for a theory of
    it, at its step sizes: they are compared with nothing, and no claim is judged on them.
    """
    display = {"schedule", "label", "colour"}
    return {
        name: {"schedule": run.schedule, "otherwise": run.model_dump(mode="json", exclude=display)}
        for name, run in experiment.runs.items()
        if run.schedule is not None
    }


def mistakes(experiment: Any, measured: list[str], path: tuple) -> list[str]:
    """One line for each claim about what is not `measured`.

    Runs of which none can be compared are no mistake: they may be after any change of a step size.
    """
    claims = experiment.claims
    metrics = {("stabilises",): claims.stabilises} if claims.stabilises is not None else {}
    for name in ("better", "sparser"):
        metrics |= {(name, index): metric for index, metric in enumerate(getattr(claims, name))}
    return [
        f"{dotted((*path, 'claims', *key))}: not measured{suggest(metric, measured)}"
        for key, metric in metrics.items()
        if metric not in measured
    ]
