"""config.yaml as checked, typed blocks.

A block with a `kind` (problem, model, schedule, one measurement, figure) is the `Spec` of the
module that implements the kind (`registry.py`, `config/kinds.py`); the others are described in
`config/blocks.py`. Once each is valid by itself, this module checks what they need of each other.
What is wrong becomes a line that names the key's path, the value, and what would be valid
(`mistakes.py`).
"""

from typing import Any

from sparsestep import registry
from sparsestep.config import (
    claims,
    compatibility,
    experiments,
    inheritance,
    limits,
    looks,
    nothing,
    published,
    swept,
)
from sparsestep.config.blocks import Config, Experiment
from sparsestep.config.kinds import columns, not_measured, read, written_kind
from sparsestep.figures.specs.base import FigureSpec
from sparsestep.mistakes import Mistakes, suggest


def load(raw: dict[str, Any]) -> Config:
    """Check the raw content of config.yaml and fill in the defaults.

    Raises ConfigError with one line for each mistake.
    """
    mistakes = Mistakes()
    limits.check(raw, mistakes)
    mistakes.refuse()
    nothing.check(raw, mistakes)
    mistakes.refuse()
    written_out, origin = inheritance.write_out(raw, mistakes)
    mistakes.refuse(origin)
    if written_out is not raw:
        limits.check(written_out, mistakes)
        mistakes.refuse(origin)
    config = read(Config, written_out, origin)
    for name, experiment in config.experiments.items():
        experiments.check_runs(experiment, mistakes.at("experiments", name))
    _check_enabled(config, mistakes.at("enabled"))
    mistakes.refuse(origin)
    whole = {name: experiments.completed(entry) for name, entry in config.experiments.items()}
    for name, experiment in whole.items():
        experiments.check_parts(experiment, mistakes.at("experiments", name))
    # Columns of more layers than there are might be millions.
    mistakes.refuse(origin)
    for name, experiment in whole.items():
        where = mistakes.at("experiments", name, "measure")
        for of in experiment.variants():
            compatibility.check_metrics(of.measure, of.model, where)
        measured = columns(experiment.measure, experiment.model, experiment.problem)
        claims.check(experiment, measured, mistakes.at("experiments", name))
    mistakes.refuse(origin)
    sweeps = {
        name: swept.resolve(sweep, whole, mistakes.at("sweeps", name))
        for name, sweep in config.sweeps.items()
    }
    mistakes.refuse(origin)
    checked = config.model_copy(update={"experiments": whole, "sweeps": sweeps})
    _check_shown(checked, mistakes)
    mistakes.refuse(origin)
    return checked


def _check_shown(config: Config, mistakes: Mistakes) -> None:
    for name, simulation in config.simulations.items():
        has_table = simulation.kind in registry.kinds("summary")
        if has_table and (text := registry.lacking("summary", simulation.kind)):
            mistakes.add(text, "simulations", name, "kind")
    for name, figure in config.figures.items():
        _check_figure(figure, config, mistakes.at("figures", name))
    published.check(config.published, config.experiments, mistakes.at("published"))


def _check_enabled(config: Config, mistakes: Mistakes) -> None:
    valid = [name for name, experiment in config.experiments.items() if experiment.on_demand]
    for index, name in enumerate(config.enabled):
        if name not in valid:
            mistakes.add(f"no experiment with `on_demand: true`{suggest(name, valid)}", index)


def _check_figure(figure: FigureSpec, config: Config, mistakes: Mistakes) -> None:
    """Note what a figure asks for and does not get; `config` is checked but for its figures."""
    whole, asked = config.experiments, figure.metrics()
    for name in figure.experiments():
        if name not in whole:
            # The key stands beside the list of metrics that are asked of it.
            block = next((key[:-2] for key, (of, _) in asked.items() if of == name), ())
            mistakes.add(f"there is none{suggest(name, list(whole))}", *block, "experiment")
            return
    known = len(mistakes)
    compatibility.check_drawn(figure.kind, mistakes)
    _check_trajectories(figure, whole, mistakes)
    _check_one_network(figure, whole, mistakes)
    _check_simulations(figure, config, mistakes)
    for key, (name, metric) in asked.items():
        of = whole[name]
        measured = columns(of.measure, of.model, of.problem)
        if metric not in measured:
            mistakes.add(not_measured(metric, measured, of.problem), *key)
    swept.check_figure(figure, config.sweeps, whole, mistakes)
    # A kind may take for granted that the runs it names are there.
    if len(mistakes) == known:
        looks.check(figure, whole, mistakes)
        written = {name: _as_written(of) for name, of in whole.items()}
        mistakes.add_all(figure.mistakes(written))
        mistakes.add_all(figure.mistakes_about(config.simulations))


def _as_written(experiment: Experiment) -> Experiment:
    """The experiment with its problem's kind as config.yaml has it: what is drawn is the same."""
    kind = written_kind("problem", experiment.problem.kind)
    if kind == experiment.problem.kind:
        return experiment
    problem = experiment.problem.model_copy(update={"kind": kind})
    return experiment.model_copy(update={"problem": problem})


def _check_trajectories(
    figure: FigureSpec, whole: dict[str, Experiment], mistakes: Mistakes
) -> None:
    for key, (name, run) in figure.trajectories().items():
        runs = whole[name].runs
        if run is not None and run not in runs:
            mistakes.add(f"experiments.{name} has no such run{suggest(run, list(runs))}", *key)


def _check_one_network(
    figure: FigureSpec, whole: dict[str, Experiment], mistakes: Mistakes
) -> None:
    """Note runs that a figure would draw as if of the experiment's problem and model."""
    for key, (name, run) in figure.trajectories().items():
        runs = whole[name].runs
        for each in runs if run is None else [run] if run in runs else ():
            if own := {"problem", "model"} & whole[name].own_parts(each).keys():
                text = f"experiments.{name}.runs.{each} has {' and '.join(sorted(own))} of its own"
                mistakes.add(f"{text}; figures of this kind show the experiment's alone", *key)


def _check_simulations(figure: FigureSpec, config: Config, mistakes: Mistakes) -> None:
    for key, (name, kind) in figure.simulations().items():
        valid = [other for other, spec in config.simulations.items() if spec.kind == kind]
        if name not in valid:
            text = f"there is no simulation of kind {kind} by that name{suggest(name, valid)}"
            mistakes.add(text, *key)
