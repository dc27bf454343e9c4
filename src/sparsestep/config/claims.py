"""The block `claims:` of an experiment: which of the paper's statements its replicates test."""

from typing import TYPE_CHECKING

from pydantic import Field

from sparsestep.fields import AddedField, Closed, PositiveFloat
from sparsestep.mistakes import Mistakes, suggest

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment


class Fits(Closed):
    """Which networks fit, by what is measured at the last snapshot."""

    train_loss: PositiveFloat = Field(
        description="the training loss of a network that fits is at most this"
    )


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
    fits: Fits | None = AddedField(
        default=None,
        description="compare for `sparser` only replicates whose networks fit under both runs",
    )


def compared(experiment: "Experiment") -> dict[str, dict]:
    """Schedule and everything else of each run that claims compare, for `claims.pairs.comparisons`.

    That is each with a schedule of its own. Runs that follow another (`of`) stand for a theory of
    it, at its step sizes: they are compared with nothing, and no claim is judged on them.
    """
    display = {"schedule", "label", "colour"}
    return {
        name: {
            "schedule": run.schedule.model_dump(mode="json"),
            "otherwise": run.model_dump(mode="json", exclude=display),
        }
        for name, run in experiment.runs.items()
        if run.schedule is not None
    }


def check(experiment: "Experiment", measured: list[str], mistakes: Mistakes) -> None:
    """Note each claim about what is not `measured`.

    Runs of which none can be compared are no mistake: they may be after any change of a step size.
    """
    claims = experiment.claims
    metrics = {("stabilises",): claims.stabilises} if claims.stabilises is not None else {}
    for name in ("better", "sparser"):
        metrics |= {(name, index): metric for index, metric in enumerate(getattr(claims, name))}
    if claims.fits is not None:
        metrics[("fits", "train_loss")] = "train_loss"
        if not claims.sparser:
            mistakes.add("of no use without `sparser`", "claims", "fits")
    for key, metric in metrics.items():
        if metric not in measured:
            mistakes.add(f"not measured{suggest(metric, measured)}", "claims", *key)
