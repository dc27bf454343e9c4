"""What a user may write in config.yaml: typed, closed, described field by field.

A block with a `kind` (problem, model, schedule, one measurement, figure) is described by the `Spec`
of the module that implements the kind (`registry.py`); this module puts the blocks together. What
is wrong becomes a line that names the key's path, the value, and what would be valid
(`config_errors.py`).
"""

from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, Field, ValidationError

from sparsestep import config_claims, config_needs, registry
from sparsestep.config_errors import describe, dotted, suggest
from sparsestep.errors import ConfigError
from sparsestep.fields import Closed, Colour, Fraction, Name, PositiveInt


class Run(Closed):
    """An experiment trained with one algorithm and schedule."""

    algorithm: dict[str, Any] = Field(default={"kind": "sgd"}, description="what an update is")
    schedule: dict[str, Any] | None = Field(
        default=None,
        description="the step size as a function of the iteration; not where another run gives it",
    )
    label: str | None = Field(default=None, description="legend text (display only)")
    colour: Colour | None = Field(default=None, description="as #rrggbb (display only)")


class Snapshots(Closed):
    """Iterations before whose update the parameters are kept."""

    first: PositiveInt = Field(default=100, description="every iteration below this one")
    # With two points, 0 and T, nothing but the first iterations would be kept.
    evenly_spaced: Annotated[PositiveInt, Field(ge=3)] = Field(
        default=250, description="points k T / (this - 1) below T"
    )


class Edge(Closed):
    """How the edge is found, for step sizes written as {of_edge: 0.95}."""

    horizon: Fraction = Field(default=0.5, description="must survive this fraction of T")
    # Below the bracket about 0.2 / tolerance more step sizes are tried, a training each.
    tolerance: Annotated[Fraction, Field(ge=1e-4)] = Field(
        default=0.01, description="relative width of the final bracket"
    )
    survive: Literal["finite", "alive"] = Field(
        default="finite",
        description="finite: not diverged; alive: and the output still depends on the input",
    )


class Experiment(Closed):
    """A problem, a model, some runs, and what to measure."""

    title: str = Field(default="", description="heading in figures and report (display only)")
    replicates: Annotated[PositiveInt, Field(le=10_000, description="seeds, counted from 0")]
    iterations: PositiveInt = Field(description="T, updates of a run")
    problem: dict[str, Any] = Field(description="data, initial parameters, sampling order")
    model: dict[str, Any] = Field(description="the network")
    edge: Edge = Field(default=Edge(), description="how the edge is found, where a run asks for it")
    snapshots: Snapshots = Field(default=Snapshots(), description="when to keep parameters")
    runs: Annotated[dict[Name, Run], Field(min_length=1, description="by name")]
    measure: Annotated[
        dict[str, dict[str, Any] | None],
        Field(min_length=1, description="measurements and their options"),
    ]
    claims: config_claims.Claims = Field(
        default=config_claims.Claims(), description="which statements are tested (display only)"
    )


class Config(Closed):
    """All of config.yaml."""

    experiments: Annotated[dict[Name, Experiment], Field(min_length=1, description="by name")]
    simulations: dict[Name, dict[str, Any]] = Field(default={}, description="by name")
    figures: dict[Name, dict[str, Any]] = Field(default={}, description="by name of the file")


def load(raw: dict[str, Any]) -> Config:
    """Check the raw content of config.yaml and fill in the defaults.

    Returns a Config whose blocks with a `kind` are the validated Specs written back as plain JSON
    values. Raises ConfigError with one line for each mistake.
    """
    config = _validate(Config, raw, ())
    mistakes: list[str] = []
    experiments = {
        name: _resolve_experiment(experiment, ("experiments", name), mistakes)
        for name, experiment in config.experiments.items()
    }
    simulations = {
        name: _validate_kind("simulation", simulation, ("simulations", name), mistakes)
        for name, simulation in config.simulations.items()
    }
    _raise(mistakes)
    for name, experiment in experiments.items():
        path = ("experiments", name)
        mistakes += config_needs.mistakes(experiment, path)
        mistakes += config_claims.mistakes(experiment, _columns(experiment), path)
    figures = {
        name: _resolve_figure(figure, experiments, simulations, ("figures", name), mistakes)
        for name, figure in config.figures.items()
    }
    _raise(mistakes)
    parts = {"experiments": experiments, "simulations": simulations, "figures": figures}
    return config.model_copy(update=parts)


def refuse_duplicate_keys(path: str) -> None:
    """Raise ConfigError where a block of a YAML file has a key twice; YAML would drop the first."""
    with open(path, encoding="utf-8") as file:
        try:
            document = yaml.compose(file, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigError(_yaml_mistake(path, error)) from None
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                waiting.append(value)
                if key.value in seen:
                    line = key.start_mark.line + 1
                    raise ConfigError(f"{path}, line {line}: {key.value!r} is there twice")
                seen.add(str(key.value))
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _yaml_mistake(path: str, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return f"{path}: not valid YAML: {' '.join(str(error).split())}"
    # What the parser was reading when it failed, and where that began, says more than where it was.
    start = getattr(error, "context_mark", None)
    context = f" ({error.context}, from line {start.line + 1})" if start else ""
    return f"{path}, line {mark.line + 1}: not valid YAML: {error.problem}{context}"


def figure_spec(figure: dict[str, Any]) -> Any:
    """The Spec of a validated figure block."""
    return registry.load("figure", figure["kind"]).Spec(**figure)


def _resolve_experiment(experiment: Experiment, path: tuple, mistakes: list[str]) -> Experiment:
    problem = _validate_kind("problem", experiment.problem, (*path, "problem"), mistakes)
    model = _validate_kind("model", experiment.model, (*path, "model"), mistakes)
    runs = {
        name: _resolve_run(run, model, (*path, "runs", name), mistakes)
        for name, run in experiment.runs.items()
    }
    for name, run in runs.items():
        where = (*path, "runs", name)
        if run.algorithm.get("of"):
            _check_followed(run.algorithm["of"], runs, (*where, "algorithm", "of"), mistakes)
    measure = {}
    for name, options in experiment.measure.items() if model else ():
        where = (*path, "measure", name)
        if _check_kind("measure", name, where, mistakes, model["kind"]):
            spec = registry.load("measure", name, model["kind"]).Spec
            measure[name] = _collect(spec, options or {}, where, mistakes)
    parts = {"problem": problem, "model": model, "runs": runs, "measure": measure}
    return experiment.model_copy(update=parts)


def _resolve_run(run: Run, model: dict, path: tuple, mistakes: list[str]) -> Run:
    algorithm = _validate_kind("algorithm", run.algorithm, (*path, "algorithm"), mistakes)
    kind = algorithm.get("kind")
    if model and kind:
        _check_kind("trainer", kind, (*path, "algorithm", "kind"), mistakes, model["kind"])
    where = (*path, "schedule")
    follows = bool(algorithm.get("of"))
    if run.schedule and follows:
        mistakes.append(f"{dotted(where)}: must be absent; it is that of {algorithm['of']!r}")
    elif run.schedule is None and not follows and algorithm:
        mistakes.append(f"{dotted(where)}: missing")
    schedule = run.schedule and _validate_kind("schedule", run.schedule, where, mistakes)
    return run.model_copy(update={"algorithm": algorithm, "schedule": schedule})


def _check_followed(name: str, runs: dict[str, Run], path: tuple, mistakes: list[str]) -> None:
    if name not in runs:
        mistakes.append(f"{dotted(path)}: there is no such run{suggest(name, list(runs))}")
    elif not runs[name].algorithm.get("log_loss"):
        mistakes.append(
            f"{dotted(path)}: got {name!r}; must be a run with "
            "`algorithm: {kind: sgd, log_loss: true}`"
        )


def _resolve_figure(
    raw: dict,
    experiments: dict[str, Experiment],
    simulations: dict[str, dict],
    path: tuple,
    mistakes: list[str],
) -> dict:
    figure = _validate_kind("figure", raw, path, mistakes)
    if not figure:
        return {}
    spec = figure_spec(figure)
    asked = spec.metrics()
    for name in spec.experiments():
        if name not in experiments:
            # The key stands beside the list of metrics that are asked of it.
            block = next((key[:-2] for key, (of, _) in asked.items() if of == name), ())
            where = dotted((*path, *block, "experiment"))
            mistakes.append(f"{where}: there is none{suggest(name, list(experiments))}")
            return {}
    found = _runs_that_are_missing(spec, experiments) | _simulations_missing(spec, simulations)
    for key, (name, metric) in asked.items():
        measured = _columns(experiments[name])
        if metric not in measured:
            found[key] = f"not measured there{suggest(metric, measured)}"
    # A kind may take for granted that the runs it names are there.
    found = found or spec.mistakes(experiments) | spec.mistakes_about(simulations)
    mistakes += [f"{dotted((*path, *key))}: {text}" for key, text in found.items()]
    return figure


def _runs_that_are_missing(spec: Any, experiments: dict[str, Experiment]) -> dict[tuple, str]:
    return {
        key: f"experiments.{name} has no such run{suggest(run, list(experiments[name].runs))}"
        for key, (name, run) in spec.trajectories().items()
        if run is not None and run not in experiments[name].runs
    }


def _simulations_missing(spec: Any, simulations: dict[str, dict]) -> dict[tuple, str]:
    found = {}
    for key, (name, kind) in spec.simulations().items():
        valid = [other for other, block in simulations.items() if block["kind"] == kind]
        if name not in valid:
            found[key] = f"there is no simulation of kind {kind} by that name{suggest(name, valid)}"
    return found


def _columns(experiment: Experiment) -> list[str]:
    found = []
    for name, options in experiment.measure.items():
        module = registry.load("measure", name, experiment.model["kind"])
        found += module.columns(module.Spec(**options))
    return found


def _validate_kind(role: str, raw: dict, path: tuple, mistakes: list[str]) -> dict:
    """The block with defaults filled in; empty, and a mistake noted, where it is not valid."""
    if "kind" not in raw:
        valid = ", ".join(registry.kinds(role))
        mistakes.append(f"{dotted((*path, 'kind'))}: missing; valid: {valid}")
        return {}
    if not _check_kind(role, raw["kind"], (*path, "kind"), mistakes):
        return {}
    return _collect(registry.load(role, raw["kind"]).Spec, raw, path, mistakes)


def _check_kind(
    role: str, kind: Any, path: tuple, mistakes: list[str], model: str | None = None
) -> bool:
    valid = registry.kinds(role, model)
    if kind not in valid:
        # A user writes `algorithm:` where the registry says what trains with it.
        what = "algorithm" if role == "trainer" else role
        mistakes.append(f"{dotted(path)}: unknown {what}{suggest(str(kind), valid)}")
        return False
    return True


def _collect(spec: type[BaseModel], raw: Any, path: tuple, mistakes: list[str]) -> dict:
    try:
        return _validate(spec, raw, path).model_dump(mode="json")
    except ConfigError as error:
        mistakes += str(error).splitlines()
        return {}


def _validate(spec: type[BaseModel], raw: Any, path: tuple) -> Any:
    try:
        return spec.model_validate(raw)
    except ValidationError as error:
        raise ConfigError("\n".join(describe(spec, error, path))) from None


def _raise(mistakes: list[str]) -> None:
    if mistakes:
        raise ConfigError("\n".join(mistakes))
