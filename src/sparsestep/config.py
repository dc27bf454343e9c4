"""What a user may write in config.yaml: typed, closed, described field by field.

A block with a `kind` (problem, model, one measurement, figure) is described by the `Spec` of the
module that implements the kind (`registry.py`); this module puts the blocks together and turns
everything that is wrong into lines that name the key's path, the value, and what would be valid.
"""

import difflib
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from sparsestep import registry
from sparsestep.errors import ConfigError
from sparsestep.fields import Closed, Colour, Name, PositiveInt
from sparsestep.schedules import KINDS, Schedule


class Algorithm(Closed):
    """How the parameters are updated: `sgd` with one sample a step, `gd` with all of them."""

    kind: Literal["sgd", "gd"]


class Run(Closed):
    """An experiment trained with one algorithm and schedule."""

    algorithm: Algorithm = Field(default=Algorithm(kind="sgd"), description="what an update is")
    schedule: Schedule = Field(description="the step size as a function of the iteration")
    label: str | None = Field(default=None, description="legend text (display only)")
    colour: Colour | None = Field(default=None, description="as #rrggbb (display only)")


class Snapshots(Closed):
    """Iterations before whose update the parameters are kept."""

    first: PositiveInt = Field(default=100, description="every iteration below this one")
    evenly_spaced: PositiveInt = Field(default=250, description="points k T / (this - 1) below T")


class Experiment(Closed):
    """A problem, a model, some runs, and what to measure."""

    title: str = Field(default="", description="heading in figures and report (display only)")
    replicates: PositiveInt = Field(description="seeds; replicate 0 is the published run")
    iterations: PositiveInt = Field(description="T, updates of a run")
    problem: dict[str, Any] = Field(description="data, initial parameters, sampling order")
    model: dict[str, Any] = Field(description="the network")
    snapshots: Snapshots = Field(default=Snapshots(), description="when to keep parameters")
    runs: Annotated[dict[Name, Run], Field(min_length=1, description="by name")]
    measure: dict[str, dict[str, Any] | None] = Field(description="measurements and their options")


class Config(Closed):
    """All of config.yaml."""

    experiments: Annotated[dict[Name, Experiment], Field(min_length=1, description="by name")]
    figures: dict[Name, dict[str, Any]] = Field(default={}, description="by name of the file")


def load(raw: dict[str, Any]) -> Config:
    """Check the raw content of config.yaml and fill in the defaults.

    Returns a Config whose `problem`, `model`, `measure` and `figures` blocks are the validated
    Specs written back as plain JSON values. Raises ConfigError with one line for each mistake.
    """
    config = _validate(Config, raw, ())
    experiments = {}
    mistakes: list[str] = []
    for name, experiment in config.experiments.items():
        try:
            experiments[name] = _resolve_experiment(experiment, ("experiments", name))
        except ConfigError as error:
            mistakes.append(str(error))
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    figures = {
        name: _resolve_figure(figure, experiments, ("figures", name))
        for name, figure in config.figures.items()
    }
    return config.model_copy(update={"experiments": experiments, "figures": figures})


def _resolve_experiment(experiment: Experiment, path: tuple) -> Experiment:
    problem = _validate_kind("problem", experiment.problem, (*path, "problem"))
    model = _validate_kind("model", experiment.model, (*path, "model"))
    trainers = registry.kinds("trainer", model["kind"])
    for name, run in experiment.runs.items():
        if run.algorithm.kind not in trainers:
            where = _dotted((*path, "runs", name, "algorithm", "kind"))
            raise ConfigError(
                f"{where}: got {run.algorithm.kind!r}; "
                f"model {model['kind']!r} can be trained with: {', '.join(trainers)}"
            )
    measure = {}
    for name, options in experiment.measure.items():
        where = (*path, "measure", name)
        spec = _load_spec("measure", name, where, model["kind"])
        measure[name] = _validate(spec, options or {}, where).model_dump(mode="json")
    return experiment.model_copy(update={"problem": problem, "model": model, "measure": measure})


def _resolve_figure(raw: dict, experiments: dict[str, Experiment], path: tuple) -> dict:
    figure = _validate_kind("figure", raw, path)
    if figure["experiment"] not in experiments:
        raise ConfigError(
            f"{_dotted((*path, 'experiment'))}: got {figure['experiment']!r}; "
            f"valid: {', '.join(experiments)}"
        )
    measured = _columns(experiments[figure["experiment"]])
    for index, metric in enumerate(figure["panels"]):
        if metric not in measured:
            where = _dotted((*path, "panels", index))
            raise ConfigError(f"{where}: not measured there{_suggest(metric, measured)}")
    return figure


def _columns(experiment: Experiment) -> list[str]:
    found = []
    for name, options in experiment.measure.items():
        module = registry.load("measure", name, experiment.model["kind"])
        found += module.columns(module.Spec(**options))
    return found


def _validate_kind(role: str, raw: dict, path: tuple) -> dict:
    if "kind" not in raw:
        valid = ", ".join(registry.kinds(role))
        raise ConfigError(f"{_dotted((*path, 'kind'))}: missing; valid: {valid}")
    spec = _load_spec(role, raw["kind"], (*path, "kind"))
    return _validate(spec, raw, path).model_dump(mode="json")


def _load_spec(role: str, kind: Any, path: tuple, model: str | None = None) -> type[Closed]:
    valid = registry.kinds(role, model)
    if kind not in valid:
        raise ConfigError(f"{_dotted(path)}: unknown {role}{_suggest(str(kind), valid)}")
    return registry.load(role, kind, model).Spec


def _validate(spec: type[BaseModel], raw: Any, path: tuple) -> Any:
    try:
        return spec.model_validate(raw)
    except ValidationError as error:
        lines = (_line(spec, mistake, path) for mistake in error.errors(include_url=False))
        raise ConfigError("\n".join(dict.fromkeys(lines))) from None


def _line(spec: type[BaseModel], mistake: dict, path: tuple) -> str:
    """One line for one pydantic error: the key's path, what is wrong with it, what is valid."""
    loc = [str(part) for part in mistake["loc"] if part != "[key]"]
    # In a location, pydantic puts the `kind` of a schedule behind "schedule".
    loc = [
        part
        for at, part in enumerate(loc)
        if not (at and loc[at - 1] == "schedule" and part in KINDS)
    ]
    where = _dotted((*path, *loc))
    match mistake["type"]:
        case "extra_forbidden":
            return f"{where}: unknown key{_suggest(loc[-1], _fields_at(spec, mistake['loc'][:-1]))}"
        case "missing":
            return f"{where}: missing"
        case "union_tag_invalid":
            context = mistake["ctx"]
            return f"{where}.kind: unknown kind{_suggest(context['tag'], _tags(context))}"
        case "union_tag_not_found":
            return f"{where}.kind: missing"
        case "string_pattern_mismatch" | "string_too_long" | "string_too_short":
            what = "lower-case letters, digits, - and _, at most 60"
            if mistake["ctx"].get("pattern", "").startswith("^#"):
                what = "a colour as '#rrggbb'"
            return f"{where}: got {_shown(mistake['input'])}; valid: {what}"
        case _:
            message = mistake["msg"].removeprefix("Value error, ")
            message = message[0].lower() + message[1:]
            return f"{where}: got {_shown(mistake['input'])}; {message}"


def _fields_at(spec: Any, loc: tuple) -> list[str]:
    """Names of the fields of the model found by following `loc` down from `spec`."""
    models = [spec]
    for part in loc:
        found = []
        for model in models:
            fields = getattr(model, "model_fields", {})
            if part in fields:
                found += _models_in(fields[part].annotation)
        # A part that is no field is a dictionary's key or a union's tag: stay where we are.
        models = found or models
    return sorted({name for model in models for name in getattr(model, "model_fields", {})})


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for part in getattr(annotation, "__args__", ()) for m in _models_in(part)]


def _tags(context: dict) -> list[str]:
    return [tag.strip().strip("'") for tag in context["expected_tags"].split(",")]


def _suggest(got: str, valid: list[str]) -> str:
    close = difflib.get_close_matches(got, valid, n=1)
    meant = f" (did you mean {close[0]!r}?)" if close else ""
    return f", got {got!r}; valid: {', '.join(valid)}{meant}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _dotted(path: tuple) -> str:
    return ".".join(str(part) for part in path)
