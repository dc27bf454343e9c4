"""What a user may write in config.yaml: typed, closed, described field by field.

A block with a `kind` (problem, model, schedule, one measurement, figure) is described by the `Spec`
of the module that implements the kind (`registry.py`, `config/kinds.py`), the others in
`config/blocks.py`; this module puts them together. What is wrong becomes a line that names the
key's path, the value, and what would be valid (`mistakes.py`).
"""

from typing import Any

from sparsestep import registry
from sparsestep.config import claims, compatibility, inheritance, limits, names
from sparsestep.config import sweeps as config_sweeps
from sparsestep.config.blocks import Config, Experiment, Run, Snapshots
from sparsestep.config.kinds import check_kind, columns, validate, validate_kind, validate_measure
from sparsestep.errors import ConfigError
from sparsestep.images import checks
from sparsestep.mistakes import dotted, suggest


def load(raw: dict[str, Any]) -> Config:
    """Check the raw content of config.yaml and fill in the defaults.

    Returns a Config whose blocks with a `kind` are the validated Specs written back as plain JSON
    values. Raises ConfigError with one line for each mistake.
    """
    _raise(limits.mistakes(raw))
    written_out = inheritance.write_out(raw)
    if written_out is not raw:
        _raise(limits.mistakes(written_out))
    config = validate(Config, written_out, ())
    mistakes = names.mistakes(config.experiments)
    experiments = {
        name: _resolve_experiment(experiment, ("experiments", name), mistakes)
        for name, experiment in config.experiments.items()
    }
    simulations = {
        name: validate_kind("simulation", simulation, ("simulations", name), mistakes)
        for name, simulation in config.simulations.items()
    }
    mistakes += checks.mistakes_about(config.enabled, experiments)
    _raise(mistakes)
    for name, experiment in experiments.items():
        path = ("experiments", name)
        mistakes += compatibility.mistakes(experiment, path)
        measured = columns(experiment.measure, experiment.model)
        mistakes += claims.mistakes(experiment, measured, path)
    _raise(mistakes)
    sweeps = {
        name: config_sweeps.resolve(sweep, experiments, ("sweeps", name), mistakes)
        for name, sweep in config.sweeps.items()
    }
    _raise(mistakes)
    parts = {"experiments": experiments, "simulations": simulations, "sweeps": sweeps}
    checked = config.model_copy(update=parts)
    figures = {
        name: _resolve_figure(figure, checked, ("figures", name), mistakes)
        for name, figure in config.figures.items()
    }
    _raise(mistakes)
    return checked.model_copy(update={"figures": figures})


def figure_spec(figure: dict[str, Any]) -> Any:
    """The Spec of a validated figure block."""
    return registry.load("figure", figure["kind"]).Spec(**figure)


def _resolve_experiment(experiment: Experiment, path: tuple, mistakes: list[str]) -> Experiment:
    problem = validate_kind("problem", experiment.problem, (*path, "problem"), mistakes)
    model = validate_kind("model", experiment.model, (*path, "model"), mistakes)
    runs = {
        name: _resolve_run(run, model, (*path, "runs", name), mistakes)
        for name, run in experiment.runs.items()
    }
    for name, run in runs.items():
        where = (*path, "runs", name)
        if run.algorithm.get("of"):
            _check_followed(run.algorithm["of"], runs, (*where, "algorithm", "of"), mistakes)
    measure = validate_measure(experiment.measure, model, path, mistakes) if model else {}
    parts = {"problem": problem, "model": model, "runs": runs, "measure": measure}
    if problem and model:
        if experiment.snapshots is None:
            images = checks.of_images(problem)
            parts["snapshots"] = Snapshots(**(checks.SNAPSHOTS if images else {}))
        where = checks.mistakes(experiment, problem, model, runs, path)
        mistakes += where
        if not where:
            parts["iterations"] = checks.iterations(experiment, problem)
    return experiment.model_copy(update=parts)


def _resolve_run(run: Run, model: dict, path: tuple, mistakes: list[str]) -> Run:
    algorithm = validate_kind("algorithm", run.algorithm, (*path, "algorithm"), mistakes)
    kind = algorithm.get("kind")
    if model and kind:
        check_kind("trainer", kind, (*path, "algorithm", "kind"), mistakes, model["kind"])
    where = (*path, "schedule")
    follows = bool(algorithm.get("of"))
    if run.schedule and follows:
        mistakes.append(f"{dotted(where)}: must be absent; it is that of {algorithm['of']!r}")
    elif run.schedule is None and not follows and algorithm:
        mistakes.append(f"{dotted(where)}: missing")
    schedule = run.schedule and validate_kind("schedule", run.schedule, where, mistakes)
    return run.model_copy(update={"algorithm": algorithm, "schedule": schedule})


def _check_followed(name: str, runs: dict[str, Run], path: tuple, mistakes: list[str]) -> None:
    if name not in runs:
        mistakes.append(f"{dotted(path)}: there is no such run{suggest(name, list(runs))}")
    elif not runs[name].algorithm.get("log_loss"):
        mistakes.append(
            f"{dotted(path)}: got {name!r}; must be a run with "
            "`algorithm: {kind: sgd, log_loss: true}`"
        )


def _resolve_figure(raw: dict, config: Config, path: tuple, mistakes: list[str]) -> dict:
    """The figure's block; `config` is checked but for its figures."""
    figure = validate_kind("figure", raw, path, mistakes)
    if not figure:
        return {}
    spec = figure_spec(figure)
    experiments, asked = config.experiments, spec.metrics()
    for name in spec.experiments():
        if name not in experiments:
            # The key stands beside the list of metrics that are asked of it.
            block = next((key[:-2] for key, (of, _) in asked.items() if of == name), ())
            where = dotted((*path, *block, "experiment"))
            mistakes.append(f"{where}: there is none{suggest(name, list(experiments))}")
            return {}
    found = _runs_that_are_missing(spec, experiments)
    found |= _simulations_missing(spec, config.simulations)
    for key, (name, metric) in asked.items():
        measured = columns(experiments[name].measure, experiments[name].model)
        if metric not in measured:
            found[key] = f"not measured there{suggest(metric, measured)}"
    found |= config_sweeps.mistakes_of_figure(spec, config.sweeps, experiments)
    # A kind may take for granted that the runs it names are there.
    found = found or spec.mistakes(experiments) | spec.mistakes_about(config.simulations)
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


def _raise(mistakes: list[str]) -> None:
    if mistakes:
        raise ConfigError("\n".join(mistakes))
