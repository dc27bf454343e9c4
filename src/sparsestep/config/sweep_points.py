"""Points of a sweep over keys: each an experiment of its own, checked as one of config.yaml is."""

import copy
import itertools
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import ValidationError

from sparsestep import registry
from sparsestep.config import experiments, following, key_paths, kinds
from sparsestep.config.blocks import Experiment
from sparsestep.config.key_sweeps import KeySweep
from sparsestep.config.ranges import KeyRange
from sparsestep.fields import Closed
from sparsestep.formulas import Formula
from sparsestep.images.family import NO_EDGES
from sparsestep.mistakes import Mistakes, describe, dotted, shown, suggest

# The config is read by every job, and every point checked there: a millisecond each.
MOST_POINTS = 2000
# Points of which mistakes are told; the others have the same cause.
_TOLD = 3
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_OF_EXPERIMENT = ("problem", "model")
# What a column of `together` formulas is a function of.
_VALUE = "value"


class Point(NamedTuple):
    """A point of a sweep: the values of its keys, and the experiment with its run."""

    values: dict[str, Any]
    experiment: Experiment
    run: str


def resolve(sweep: KeySweep, whole: dict[str, Experiment], mistakes: Mistakes) -> KeySweep:
    """The sweep with defaults filled in and ranges as lists of values.

    `whole` are the checked experiments of config.yaml. What is wrong with any point is noted.
    """
    if sweep.experiment not in whole:
        mistakes.add(f"there is none{suggest(sweep.experiment, list(whole))}", "experiment")
        return sweep
    known, experiment = len(mistakes), whole[sweep.experiment]
    if sweep.edges and experiment.family.name == "images":
        mistakes.add(f"{NO_EDGES}; leave it out", "edges")
    run = _run(sweep, experiment, mistakes)
    over = {key: _values(given, mistakes.at("over", key)) for key, given in sweep.over.items()}
    for key in sweep.fixed.keys() & over.keys():
        mistakes.add("is a key of `over` itself", "fixed", key)
    _check_together(sweep, over, mistakes.at("together"))
    count = 1
    for values in over.values():
        count *= len(values)
    if count > MOST_POINTS:
        mistakes.add(f"got {count} points; at most {MOST_POINTS}", "over")
    if len(mistakes) > known:
        return sweep
    measure = sweep.measure or _measured_once(experiment)
    parts = {"run": run, "over": over, "measure": measure}
    parts["replicates"] = sweep.replicates or experiment.replicates
    resolved = sweep.model_copy(update=parts)
    _check_points(resolved, experiment, mistakes)
    if len(mistakes) == known:
        checked = next(points(resolved, experiment)).experiment.measure
        resolved = resolved.model_copy(update={"measure": dict(checked)})
    return resolved


def points(sweep: KeySweep, experiment: Experiment) -> Iterator[Point]:
    """The points of a resolved sweep of this experiment, the first key changing slowest.

    Raises ValidationError, or ValueError in words, at a point that is no valid experiment by
    itself.
    """
    base = _base(sweep, experiment)
    for values in itertools.product(*sweep.over.values()):
        at = dict(zip(sweep.over, values, strict=True))
        yield Point(at, experiments.completed(_experiment_at(base, sweep, at)), sweep.run)


def has_edges(sweep: KeySweep, experiment: Experiment) -> bool:
    """Whether the table of a resolved sweep has a column `edge`: asked for, or needed."""
    of_schedule = any(key.partition(".")[0] == "schedule" for key in _keys(sweep))
    if sweep.edges or not of_schedule:
        return sweep.edges or experiment.runs[sweep.run].is_relative
    return any(of.experiment.runs[of.run].is_relative for of in points(sweep, experiment))


def _keys(sweep: KeySweep) -> list[str]:
    return [*sweep.over, *sweep.fixed, *(key for keys in sweep.together.values() for key in keys)]


def told(value: Any) -> float | str:
    """A value of a key as tables and figures have it: a number where it is one, else a text.

    Of a step size in units of the edge, the fraction.
    """
    match value:
        case bool():
            return str(value).lower()
        case int() | float() | str():
            return value
        case {"of_edge": fraction, **rest} if not rest:
            return fraction
        case {"kind": kind, **rest}:
            return ", ".join([str(kind), *(f"{key} {told(part)}" for key, part in rest.items())])
        case dict():
            return ", ".join(f"{key} {told(part)}" for key, part in value.items())
        case list():
            return "[" + ", ".join(str(told(part)) for part in value) + "]"
    return str(value)


def _run(sweep: KeySweep, experiment: Experiment, mistakes: Mistakes) -> str | None:
    alone = [name for name, run in experiment.runs.items() if not run.followed]
    if sweep.run is None and len(alone) == 1:
        return alone[0]
    if sweep.run is None:
        text = f"missing; experiments.{sweep.experiment} has several; valid: {', '.join(alone)}"
        mistakes.add(text, "run")
    elif sweep.run not in experiment.runs:
        text = f"experiments.{sweep.experiment} has no such run{suggest(sweep.run, alone)}"
        mistakes.add(text, "run")
    elif sweep.run not in alone:
        mistakes.add(f"follows another run{suggest(sweep.run, alone)}", "run")
    return sweep.run


def _values(given: list[Any] | KeyRange, mistakes: Mistakes) -> list[Any]:
    values = given.values() if isinstance(given, KeyRange) else list(map(_as_number, given))
    seen: list[Any] = []
    for place, value in enumerate(values):
        if value in seen:
            mistakes.add(f"got {shown(value)} again; values must be different", place)
        seen.append(value)
    return values


def _as_number(value: Any) -> Any:
    """The value with numbers for texts that are some: PyYAML reads 1e-2 as a text (`fields.py`)."""
    match value:
        case str() if _NUMBER.fullmatch(value):
            number = float(value)
            return int(number) if number.is_integer() and abs(number) < 2**53 else number
        case list():
            return list(map(_as_number, value))
        case dict():
            return {key: _as_number(part) for key, part in value.items()}
    return value


def _check_together(sweep: KeySweep, over: dict[str, list], mistakes: Mistakes) -> None:
    for axis, keys in sweep.together.items():
        if axis not in over:
            mistakes.add(f"no key of `over`{suggest(axis, list(over))}", axis)
            continue
        for key, values in keys.items():
            if key in over or key in sweep.fixed:
                where = "over" if key in over else "fixed"
                mistakes.add(f"is a key of `{where}` itself", axis, key)
            elif isinstance(values, list) and len(values) != len(over[axis]):
                text = (
                    f"got {len(values)} values; must be {len(over[axis])}, one for each of {axis}"
                )
                mistakes.add(text, axis, key)
            elif isinstance(values, str):
                _check_formula(values, over[axis], mistakes.at(axis, key))


def _check_formula(text: str, values: list[Any], mistakes: Mistakes) -> None:
    try:
        for value in values:
            _formula_value(text, value)
    except ValueError as error:
        mistakes.add(f"got {shown(text)}; {error}")


def _formula_value(text: str, value: Any) -> float | int:
    """Rounded to 12 digits, the same on any processor; whole where it is a whole number."""
    number = told(value)
    if isinstance(number, str):
        raise ValueError(f"is a formula of numbers, and {shown(value)} is none")
    found = float(f"{Formula(text, (_VALUE,))(**{_VALUE: number}):.12g}")
    return int(found) if found.is_integer() and abs(found) < 2**53 else found


def _measured_once(experiment: Experiment) -> dict[str, Any]:
    """What an experiment measures of a snapshot by itself, as config.yaml has it."""
    return {
        name: options.model_dump(mode="json")
        for name, options in experiment.measure.items()
        if not _needs_more(name, experiment.model)
    }


def _needs_more(name: str, model: Closed) -> str:
    """What a measurement needs that a sweep does not keep, in words; empty for most."""
    module = registry.load("measure", name, model.kind)
    if getattr(module, "OF_ALL_SNAPSHOTS", False):
        return "is about all snapshots; a sweep keeps the last ones alone"
    if getattr(module, "NEEDS_LOG", False):
        return "needs the loss of every iteration; a sweep keeps none"
    return ""


def _base(sweep: KeySweep, experiment: Experiment) -> dict[str, Any]:
    """The raw experiment that the points differ from: its run alone, and the sweep's measure."""
    experiment = experiment.of_run(sweep.run)
    # Those of images have epochs, whose number of iterations may be a point's, and no edge.
    kept = {"replicates", "snapshots", "iterations" if experiment.epochs is None else "epochs"}
    if experiment.family.name == "vectors":
        kept.add("edge")
    base = experiment.model_dump(mode="json", include=kept)
    base |= {role: kinds.as_written(role, getattr(experiment, role)) for role in _OF_EXPERIMENT}
    of = experiment.runs[sweep.run]
    run = {role: kinds.as_written(role, getattr(of, role)) for role in key_paths.OF_RUN}
    # Nobody reads the losses.
    run["algorithm"].pop("log_loss", None)
    measure = {
        name: options.model_dump(mode="json") if isinstance(options, Closed) else options
        for name, options in sweep.measure.items()
    }
    return {**base, "runs": {sweep.run: run}, "measure": measure}


def _experiment_at(base: dict[str, Any], sweep: KeySweep, at: dict[str, Any]) -> Experiment:
    changes = {**{key: _as_number(value) for key, value in sweep.fixed.items()}, **at}
    for axis, keys in sweep.together.items():
        place = sweep.over[axis].index(at[axis])
        for key, values in keys.items():
            is_formula = isinstance(values, str)
            changes[key] = _formula_value(values, at[axis]) if is_formula else values[place]
    experiment = copy.deepcopy(base)
    for path, value in changes.items():
        try:
            key_paths.set_value(experiment, sweep.run, path, copy.deepcopy(value))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    following.follow(experiment, base, set(changes))
    return Experiment.model_validate(experiment)


def _check_points(sweep: KeySweep, experiment: Experiment, mistakes: Mistakes) -> None:
    base, wrong = _base(sweep, experiment), 0
    for values in itertools.product(*sweep.over.values()):
        at = dict(zip(sweep.over, values, strict=True))
        found = Mistakes()
        try:
            point = _experiment_at(base, sweep, at)
            if point.family is experiment.family:
                point = experiments.check_whole(point, found)
            else:
                text = f"the experiment is of networks on {experiment.family.name}"
                found.add(f"got {point.problem.kind!r}; {text}", "problem", "kind")
            if not found:
                _check_kept(sweep, point, found)
        except ValidationError as error:
            found.add_all(describe(Experiment, error))
        except ValueError as error:
            mistakes.add(str(error), "over")
            return
        if found:
            _tell(found, sweep, at, mistakes)
            wrong += 1
        if wrong == _TOLD:
            return


def _check_kept(sweep: KeySweep, point: Experiment, mistakes: Mistakes) -> None:
    """Note what a sweep of this point would not know how to do."""
    for name, options in point.measure.items():
        if text := _needs_more(name, point.model):
            mistakes.add(text, "measure", name)
        module = registry.load("measure", name, point.model.kind)
        for column in module.columns(options):
            if column in (*sweep.over, "edge"):
                mistakes.add(f"measures {column!r}, a column of the sweep", "measure", name)
    if sweep.edges and int(point.edge.horizon * point.iterations) < 1:
        text = f"no iteration lies within {point.edge.horizon} of the {point.iterations} of a run"
        mistakes.add(text, "edge", "horizon")


def _tell(found: Mistakes, sweep: KeySweep, at: dict[str, Any], mistakes: Mistakes) -> None:
    """Note what is wrong with a point: where it is no key of the sweep itself, in its words."""
    here = ", ".join(f"{key} = {shown(value)}" for key, value in at.items())
    for path, text in found:
        if path[:1] == ("measure",) and sweep.measure is not None:
            mistakes.add(f"{text} (at {here})", *path)
            continue
        inside = path[2:] if path[:2] == ("runs", sweep.run) else path
        where = dotted(inside) if inside else "experiment"
        mistakes.add(f"at {here}: {where}: {text}", "over")
