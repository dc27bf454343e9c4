"""The block `claims:` of an experiment: which of the paper's statements its replicates test."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, field_validator

from sparsestep import metrics
from sparsestep.algorithms.base import unperturbed
from sparsestep.config.kinds import not_measured
from sparsestep.fields import AddedField, Closed, Float, Name, PositiveFloat
from sparsestep.mistakes import Mistakes, suggest

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment


# The test of agreement asks for less and more than 1.
Margin = Annotated[Float, Field(gt=1)]


class Fits(Closed):
    """Which networks fit, by what is measured at the last snapshot."""

    train_loss: PositiveFloat = Field(
        description="the training loss of a network that fits is at most this"
    )


class Stabilises(Closed):
    """A loss that large steps hold at a high level until the decay."""

    metric: str = Field(description="the loss")
    against: Name | None = Field(
        default=None,
        description="the run with small steps whose loss, in the same iterations, is not high; "
        "left out, only whether the loss is flat is judged",
    )


class Agrees(Closed):
    """Runs that end where another one ends, within a factor that is fixed beforehand."""

    reference: Name = Field(description="the run with which the others are compared")
    runs: list[Name] = Field(min_length=1, description="the others, on the same replicates")
    metrics: list[str] = Field(min_length=1, description="what is compared, at the last snapshot")
    margin: Margin = Field(
        default=1.25,
        description="paired end values have ratios from 1 / margin to margin; 1.25 is that of "
        "tests of bioequivalence",
    )


class Claims(Closed):
    """Metrics that a claim is about; what is claimed and how it is judged: claims/verdicts.py."""

    stabilises: Stabilises | None = Field(
        default=None,
        description="a loss that large steps hold at a high level until the decay; by its name, or "
        "with the run that it is compared `against`",
    )
    better: list[str] = Field(
        default=[], description="losses, errors that are smaller the longer the large steps last"
    )
    sparser: list[str] = Field(
        default=[], description="ranks, counts, shares that are smaller the longer they last"
    )
    fits: Fits | None = AddedField(
        default=None,
        description="compare for `sparser`, and ranks and sparsities for `trend`, only replicates "
        "whose networks fit under both runs",
    )
    trend: list[str] = AddedField(
        default=[],
        description="metrics that are smaller the nearer the step size is to the edge, over runs "
        "that differ in their fraction of it alone",
    )
    agrees: Agrees | None = AddedField(
        default=None, description="runs that end where another one does, within a margin"
    )

    @field_validator("stabilises", mode="before")
    @classmethod
    def _metric_by_its_name(cls, block: Any) -> Any:
        return {"metric": block} if isinstance(block, str) else block

    def ratios(self) -> list[str]:
        """The metrics of `trend` whose effect is a ratio, not a difference.

        Those of `better`, and what has a logarithmic axis and is none of `sparser`.
        """
        return [
            metric
            for metric in self.trend
            if metric in self.better
            or (metric not in self.sparser and metrics.describe(metric).scale == "log")
        ]


def compared(experiment: "Experiment") -> dict[str, dict]:
    """Schedule, T and everything else of each run that claims compare, for `claims.pairs`.

    That is each with a schedule of its own. Runs that follow another (`of`) stand for a theory of
    it, at its step sizes: they are compared with nothing, and no claim is judged on them. Nor is
    one on runs that repeat another of the experiment from perturbed starts: it would count twice.
    Whether a run keeps its losses makes no other run of it, nor does a block of its own that is the
    experiment's. `iterations` stands there where they are not the experiment's.
    """
    found = {}
    for name, run in experiment.runs.items():
        if run.schedule is None:
            continue
        own = experiment.own_parts(name)
        numbers = {key: own.pop(key) for key in ("iterations", "epochs") if key in own}
        otherwise = {"algorithm": run.algorithm.model_dump(mode="json", exclude={"log_loss"})}
        otherwise |= {key: block.model_dump(mode="json") for key, block in own.items()}
        schedule = run.schedule.model_dump(mode="json")
        found[name] = {"schedule": schedule, "otherwise": otherwise}
        if "iterations" in numbers:
            found[name]["iterations"] = numbers["iterations"]
    return {
        name: run
        for name, run in found.items()
        if not experiment.perturbation(name) or _unperturbed(run) not in found.values()
    }


def _unperturbed(run: dict[str, Any]) -> dict[str, Any]:
    otherwise = {**run["otherwise"], "algorithm": unperturbed(run["otherwise"]["algorithm"])}
    return {**run, "otherwise": otherwise}


def check(experiment: "Experiment", measured: list[str], mistakes: Mistakes) -> None:
    """Note each claim about what is not `measured`.

    Runs of which none can be compared are no mistake: they may be after any change of a step size.
    """
    claims = experiment.claims
    named: dict[tuple, str] = {}
    if claims.stabilises is not None:
        named["stabilises",] = claims.stabilises.metric
        _check_against(claims.stabilises, compared(experiment), mistakes)
    for name in ("better", "sparser", "trend"):
        named |= {(name, index): metric for index, metric in enumerate(getattr(claims, name))}
    if claims.agrees is not None:
        asked = enumerate(claims.agrees.metrics)
        named |= {("agrees", "metrics", index): metric for index, metric in asked}
        _check_agrees(claims.agrees, experiment, mistakes)
    if claims.fits is not None:
        named["fits", "train_loss"] = "train_loss"
        if not (claims.sparser or claims.trend):
            mistakes.add("of no use without `sparser` or `trend`", "claims", "fits")
    for key, metric in named.items():
        if metric not in measured:
            mistakes.add(not_measured(metric, measured, experiment.problem), "claims", *key)


def _check_against(stabilises: Stabilises, runs: dict[str, dict], mistakes: Mistakes) -> None:
    against = stabilises.against
    if against is not None and against not in runs:
        text = f"there is no such run with a schedule of its own{suggest(against, list(runs))}"
        mistakes.add(text, "claims", "stabilises", "against")


def _check_agrees(agrees: Agrees, experiment: "Experiment", mistakes: Mistakes) -> None:
    """Note each run that is not there, or is to agree with itself."""
    named = {("runs", index): run for index, run in enumerate(agrees.runs)}
    for key, run in {("reference",): agrees.reference, **named}.items():
        where = ("claims", "agrees", *key)
        if run not in experiment.runs:
            mistakes.add(f"there is no such run{suggest(run, list(experiment.runs))}", *where)
        elif key[0] == "runs" and run == agrees.reference:
            mistakes.add(f"got {run!r}, which is the reference itself", *where)
