"""A sweep over step size and duration of the large steps, as `sweeps:` of config.yaml has it."""

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError

from sparsestep import registry
from sparsestep.config import compatibility
from sparsestep.config.kinds import (
    Measure,
    algorithms,
    resolve_measure,
    wrong_kind,
)
from sparsestep.config.kinds import resolve as resolve_kind
from sparsestep.config.ranges import Range, Values
from sparsestep.fields import Closed, Name, PositiveInt
from sparsestep.mistakes import Mistakes, describe, suggest

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment

# Keys of a schedule that a sweep sets.
SWEPT = ("step_size", "decay_at")
# Beyond this, a typo is likelier than a hundred hours of computing.
_MOST_POINTS = 100_000


class PhaseSweep(Closed):
    """An experiment's problem and model, trained at every point of a grid."""

    experiment: Name = Field(description="whose problem, model, iterations and snapshots")
    replicates: Annotated[PositiveInt, Field(le=10_000, description="seeds, counted from 0")]
    # Which there are follows from the experiment's model; resolved, a block with its defaults.
    algorithm: dict[str, Any] = Field(default={"kind": "sgd"}, description="what an update is")
    # A block, not a Spec: what is swept is missing.
    schedule: dict[str, Any] = Field(description="of all points, but for what is swept")
    step_size: Values = Field(description="values of the schedule's step_size")
    decay_at: Values = Field(description="values of the schedule's decay_at")
    # Which there are follows from the experiment's model; resolved, a `kinds.Measure`.
    measure: Annotated[
        dict[str, Any],
        Field(min_length=1, description="measurements of the last snapshot, and their options"),
    ]
    edges: bool = Field(
        default=False,
        description="also find each replicate's edge for every decay_at, as the experiment does",
    )

    def points(self) -> list[list[float]]:
        """[step_size, decay_at] of every point of a resolved sweep, step by step of step_size."""
        return [[step_size, at] for step_size in self.step_size for at in self.decay_at]


def resolve(
    sweep: PhaseSweep, experiments: "dict[str, Experiment]", mistakes: Mistakes
) -> PhaseSweep:
    """The sweep with defaults filled in and ranges as lists of values.

    `experiments` are checked ones. What is wrong is noted.
    """
    experiment = experiments.get(sweep.experiment)
    valid = [name for name, entry in experiments.items() if entry.family.name == "vectors"]
    if sweep.experiment not in valid:
        what = "there is none" if experiment is None else "is of networks on images"
        mistakes.add(f"{what}{suggest(sweep.experiment, valid)}", "experiment")
        return sweep
    known = len(mistakes)
    parts = {key: _values(getattr(sweep, key), mistakes.at(key)) for key in SWEPT}
    if len(parts["step_size"]) * len(parts["decay_at"]) > _MOST_POINTS:
        mistakes.add(f"got more than {_MOST_POINTS} points")
    if len(mistakes) == known:
        algorithm = _algorithm(sweep, experiment, mistakes.at("algorithm"))
        schedule = _schedule(sweep, parts, mistakes)
        try:
            measure = resolve_measure(sweep.measure, experiment.model)
        except ValidationError as error:
            mistakes.at("measure").add_all(describe(PhaseSweep, error))
    if len(mistakes) == known:
        compatibility.check(experiment.model_copy(update={"measure": measure}), mistakes)
        _check_history(measure, experiment.model, mistakes.at("measure"))
        if sweep.edges and schedule["kind"] != "step_decay":
            mistakes.add(
                "edges are of constant large steps: the schedule must be of kind step_decay, "
                f"got {schedule['kind']!r}",
                "edges",
            )
        shortest = min(parts["decay_at"])
        if sweep.edges and int(shortest * experiment.iterations) < 1:
            text = f"got {shortest}; edges are searched for within it, and it holds no iteration"
            mistakes.add(text, *_key(sweep, parts["decay_at"].index(shortest)))
        parts |= {"algorithm": algorithm, "schedule": schedule, "measure": measure}
    if len(mistakes) == known:
        compatibility.check_metrics(measure, experiment.model, mistakes.at("measure"))
        _check_columns(measure, experiment.model, mistakes.at("measure"))
    return sweep.model_copy(update=parts)


def _values(given: list[float] | Range, mistakes: Mistakes) -> list[float]:
    if isinstance(given, Range):
        return given.values()
    for place, (before, value) in enumerate(pairwise(given), start=1):
        if not value > before:
            mistakes.add(f"got {value}; must be above the one before", place)
    return given


def _algorithm(sweep: PhaseSweep, experiment: "Experiment", mistakes: Mistakes) -> dict:
    """The algorithm's block with its defaults filled in."""
    block, model = sweep.algorithm, experiment.model
    if text := wrong_kind("algorithm", block, algorithms(model.kind)):
        mistakes.add(text, "kind")
        return {}
    if "of" in block:
        mistakes.add("must be absent; a sweep has no other run", "of")
        return {}
    try:
        algorithm = resolve_kind("algorithm", block)
    except ValidationError as error:
        mistakes.add_all(describe(PhaseSweep, error))
        return {}
    compatibility.check_algorithm(algorithm, model, experiment.problem, mistakes)
    return algorithm.model_dump(mode="json")


def _schedule(sweep: PhaseSweep, values: dict[str, list[float]], mistakes: Mistakes) -> dict:
    """The schedule's block, defaults filled in, without the keys that are swept."""
    where = mistakes.at("schedule")
    for key in SWEPT:
        if key in sweep.schedule:
            where.add("must be absent; it is swept", key)
            return {}
    valid = [name for name in registry.kinds("schedule") if _has_swept_keys(name)]
    if text := wrong_kind("schedule", sweep.schedule, valid):
        kind = sweep.schedule.get("kind")
        known = isinstance(kind, str) and kind in registry.kinds("schedule")
        where.add(f"has no decay_at{suggest(kind, valid)}" if known else text, "kind")
        return {}
    schedule = None
    for place, decay_at in enumerate(values["decay_at"]):
        point = {"step_size": values["step_size"][0], "decay_at": decay_at}
        try:
            schedule = resolve_kind("schedule", {**sweep.schedule, **point})
        except ValidationError as error:
            for path, text in describe(PhaseSweep, error):
                # What is swept stands one block further up in config.yaml.
                if path == ("decay_at",):
                    mistakes.add(text, *_key(sweep, place))
                else:
                    where.add(text, *path)
            return {}
    return schedule.model_dump(mode="json", exclude=set(SWEPT))


def _key(sweep: PhaseSweep, place: int) -> tuple[str, ...] | tuple[str, int]:
    """Where a value of decay_at is written: in a list, or in a range as a whole."""
    return ("decay_at",) if isinstance(sweep.decay_at, Range) else ("decay_at", place)


def _has_swept_keys(kind: str) -> bool:
    return set(SWEPT) <= set(registry.load("schedule", kind).Spec.model_fields)


def _check_history(measure: Measure, model: Closed, mistakes: Mistakes) -> None:
    for name in measure:
        if getattr(registry.load("measure", name, model.kind), "OF_ALL_SNAPSHOTS", False):
            mistakes.add("is about all snapshots; a sweep keeps the last alone", name)


def _check_columns(measure: Measure, model: Closed, mistakes: Mistakes) -> None:
    # Of measurements that suit the model: a column a layer of 2^31 would take gigabytes.
    for name, options in measure.items():
        columns = registry.load("measure", name, model.kind).columns(options)
        for column in SWEPT:
            if column in columns:
                mistakes.add(f"measures {column!r}, a column that every sweep has already", name)
