"""The block `sweeps:` of config.yaml: an experiment's end values over step size and duration."""

from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag, model_validator

from sparsestep import registry
from sparsestep.config import compatibility
from sparsestep.config.kinds import check_kind, columns, validate_kind, validate_measure
from sparsestep.fields import Closed, Name, PositiveFloat, PositiveInt
from sparsestep.images.checks import of_images
from sparsestep.mistakes import dotted, suggest

# Keys of a schedule that a sweep sets.
SWEPT = ("step_size", "decay_at")
# Beyond this, a slip of the finger is likelier than a hundred hours of computing.
_MOST_POINTS = 100_000


class Range(Closed):
    """Values between two ends, ends included."""

    low: PositiveFloat = Field(description="smallest")
    high: PositiveFloat = Field(description="largest")
    points: Annotated[PositiveInt, Field(ge=2, le=1000)] = Field(description="how many")
    spacing: Literal["linear", "log"] = Field(
        default="linear", description="equal differences, or equal ratios"
    )

    @model_validator(mode="after")
    def _ordered(self):
        if not self.low < self.high:
            raise ValueError("`low` must be below `high`")
        if len(set(self.values())) < self.points:
            raise ValueError("`low` and `high` are too close for so many points")
        return self

    def values(self) -> list[float]:
        """The values, growing; rounded to 12 digits, as one would write them by hand."""
        spaced = np.linspace if self.spacing == "linear" else np.geomspace
        return [float(f"{value:.12g}") for value in spaced(self.low, self.high, self.points)]


def _is_range(value: Any) -> str:
    return "<range>" if isinstance(value, dict | Range) else "<list>"


# mistakes.py leaves tags in angle brackets out of a key's path.
_List = Annotated[list[PositiveFloat], Field(min_length=1, max_length=1000)]
Values = Annotated[
    Annotated[_List, Tag("<list>")] | Annotated[Range, Tag("<range>")], Discriminator(_is_range)
]


class Sweep(Closed):
    """An experiment's problem and model, trained at every point of a grid."""

    experiment: Name = Field(description="whose problem, model, iterations and snapshots")
    replicates: Annotated[PositiveInt, Field(le=10_000, description="seeds, counted from 0")]
    algorithm: dict[str, Any] = Field(default={"kind": "sgd"}, description="what an update is")
    schedule: dict[str, Any] = Field(description="of all points, but for what is swept")
    step_size: Values = Field(description="values of the schedule's step_size")
    decay_at: Values = Field(description="values of the schedule's decay_at")
    measure: Annotated[
        dict[str, dict[str, Any] | None],
        Field(min_length=1, description="measurements of the last snapshot, and their options"),
    ]
    edges: bool = Field(
        default=False,
        description="also find each replicate's edge for every decay_at, as the experiment does",
    )

    def points(self) -> list[list[float]]:
        """[step_size, decay_at] of every point of a resolved sweep, step by step of step_size."""
        return [[step_size, at] for step_size in self.step_size for at in self.decay_at]


def resolve(sweep: Sweep, experiments: dict[str, Any], path: tuple, mistakes: list[str]) -> Sweep:
    """The sweep with kinds checked, defaults filled in, and ranges as lists of values.

    `experiments` are checked ones. What is wrong is added to `mistakes`, a line each.
    """
    experiment = experiments.get(sweep.experiment)
    valid = [name for name, entry in experiments.items() if not of_images(entry.problem)]
    if sweep.experiment not in valid:
        what = "there is none" if experiment is None else "is of networks on images"
        mistakes.append(
            f"{dotted((*path, 'experiment'))}: {what}{suggest(sweep.experiment, valid)}"
        )
        return sweep
    found: list[str] = []
    lists = {key: _values(getattr(sweep, key), (*path, key), found) for key in SWEPT}
    if len(lists["step_size"]) * len(lists["decay_at"]) > _MOST_POINTS:
        found.append(f"{dotted(path)}: got more than {_MOST_POINTS} points")
    if not found:
        algorithm = _algorithm(sweep, experiment.model, path, found)
        schedule = _schedule(sweep, lists, path, found)
        measure = validate_measure(sweep.measure, experiment.model, path, found)
        lists |= {"algorithm": algorithm, "schedule": schedule, "measure": measure}
    if not found:
        asked = experiment.model_copy(update={"measure": measure})
        found += compatibility.mistakes(asked, path) + _of_history(measure, experiment.model, path)
        if sweep.edges and schedule["kind"] != "step_decay":
            found.append(
                f"{dotted((*path, 'edges'))}: edges are of constant large steps: the schedule must "
                f"be of kind step_decay, got {schedule['kind']!r}"
            )
    mistakes += found
    return sweep.model_copy(update=lists)


def mistakes_of_figure(
    figure: Any, sweeps: dict[str, Sweep], experiments: dict[str, Any]
) -> dict[tuple, str]:
    """Sweeps that a figure's Spec asks for and that are not there, metrics not measured, by key."""
    found = {
        key: f"there is none{suggest(name, list(sweeps))}"
        for key, name in figure.sweeps().items()
        if name not in sweeps
    }
    for key, (name, metric) in {} if found else figure.swept_metrics().items():
        measured = columns(sweeps[name].measure, experiments[sweeps[name].experiment].model)
        if metric not in measured:
            found[key] = f"not measured there{suggest(metric, measured)}"
    return found


def _values(given: list[float] | Range, path: tuple, mistakes: list[str]) -> list[float]:
    if isinstance(given, Range):
        return given.values()
    for place, (before, value) in enumerate(pairwise(given), start=1):
        if not value > before:
            mistakes.append(f"{dotted((*path, place))}: got {value}; must be above the one before")
    return given


def _algorithm(sweep: Sweep, model: dict, path: tuple, mistakes: list[str]) -> dict:
    where = (*path, "algorithm")
    algorithm = validate_kind("algorithm", sweep.algorithm, where, mistakes)
    if algorithm:
        check_kind("trainer", algorithm["kind"], (*where, "kind"), mistakes, model["kind"])
    if algorithm.get("of"):
        mistakes.append(f"{dotted((*where, 'of'))}: must be absent; a sweep has no other run")
    return algorithm


def _schedule(sweep: Sweep, lists: dict, path: tuple, mistakes: list[str]) -> dict:
    """The validated schedule without the keys that are swept."""
    where = (*path, "schedule")
    for key in SWEPT:
        if key in sweep.schedule:
            mistakes.append(f"{dotted((*where, key))}: must be absent; it is swept")
            return {}
    kind = sweep.schedule.get("kind")
    valid = [name for name in registry.kinds("schedule") if _has_swept_keys(name)]
    if kind in registry.kinds("schedule") and kind not in valid:
        mistakes.append(f"{dotted((*where, 'kind'))}: has no decay_at{suggest(kind, valid)}")
        return {}
    schedule: dict = {}
    for decay_at in lists["decay_at"]:
        found: list[str] = []
        point = {"step_size": lists["step_size"][0], "decay_at": decay_at}
        schedule = validate_kind("schedule", {**sweep.schedule, **point}, where, found)
        # What stands one block further up in config.yaml.
        mistakes += [line.replace(".schedule.decay_at:", ".decay_at:", 1) for line in found]
        if found:
            return {}
    return {key: value for key, value in schedule.items() if key not in SWEPT}


def _has_swept_keys(kind: str) -> bool:
    return set(SWEPT) <= set(registry.load("schedule", kind).Spec.model_fields)


def _of_history(measure: dict, model: dict, path: tuple) -> list[str]:
    return [
        f"{dotted((*path, 'measure', name))}: is about all snapshots; a sweep keeps the last alone"
        for name in measure
        if getattr(registry.load("measure", name, model["kind"]), "OF_ALL_SNAPSHOTS", False)
    ]
