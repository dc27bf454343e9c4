"""Experiments that say only what differs: from another experiment, and from defaults of their own.

Of an experiment, `like:` names another one from which it starts. A block is merged key by key over
the other's, unless it says another `kind`, which replaces it; numbers, texts, and lists are
replaced, and so are `runs`, `measure`, and `claims` as wholes. The title is not taken over.

Then `algorithm:` and `schedule:` of the experiment are what its runs start from, in the same way. A
run that follows another one (`of`) has that run's schedule, and takes none from here.

What is of a wrong type is left as it is, for the checks that come after to refuse.
"""

from typing import Any

from sparsestep.config import limits
from sparsestep.errors import ConfigError
from sparsestep.mistakes import dotted, shown, suggest

_WHOLE = ("runs", "measure", "claims")
_DEFAULTS = ("algorithm", "schedule")


def write_out(raw: dict[str, Any]) -> dict[str, Any]:
    """The content of config.yaml with every experiment written out; `raw` itself does not change.

    Raises ConfigError with one line for each `like` that leads nowhere and for each default that no
    run takes.
    """
    experiments = raw.get("experiments") if isinstance(raw, dict) else None
    if not isinstance(experiments, dict) or not any(map(_inherits, experiments.values())):
        return raw
    mistakes = [line for name in experiments if (line := _mistake_in_chain(name, experiments))]
    _refuse(mistakes)
    started = _start_all(experiments)
    # Few lines may stand for many runs; each becomes a block of its own below.
    runs = sum(len(_runs(experiment)) for experiment in started.values())
    if runs > limits.VALUES:
        raise ConfigError(f"experiments: have {runs} runs; at most {limits.VALUES}")
    refined = {
        name: _refine_runs(experiment, ("experiments", name), mistakes)
        for name, experiment in started.items()
    }
    _refuse(mistakes)
    return {**raw, "experiments": refined}


def merge(base: Any, own: Any) -> Any:
    """`own` over `base`, key by key where both are blocks of the same kind; else `own`."""
    if not isinstance(base, dict) or not isinstance(own, dict):
        return own
    if "kind" in own and own["kind"] != base.get("kind"):
        return own
    return {**base, **{key: merge(base.get(key), value) for key, value in own.items()}}


def _refuse(mistakes: list[str]) -> None:
    if mistakes:
        raise ConfigError("\n".join(mistakes))


def _inherits(experiment: Any) -> bool:
    return isinstance(experiment, dict) and any(key in experiment for key in ("like", *_DEFAULTS))


def _like(experiment: Any) -> Any:
    return experiment.get("like") if isinstance(experiment, dict) else None


def _runs(experiment: Any) -> dict:
    runs = experiment.get("runs") if isinstance(experiment, dict) else None
    return runs if isinstance(runs, dict) else {}


def _mistake_in_chain(name: str, experiments: dict[str, Any]) -> str | None:
    """A line where this experiment's own `like` names no other one, or leads back to it."""
    other, path = _like(experiments[name]), ("experiments", name, "like")
    if other is None:
        return None
    if not isinstance(other, str):
        return f"{dotted(path)}: got {shown(other)}; must be the name of an experiment"
    if other not in experiments or other == name:
        valid = [each for each in experiments if each != name]
        return f"{dotted(path)}: there is no other experiment of this name{suggest(other, valid)}"
    seen = {name}
    while isinstance(other, str) and other in experiments and other not in seen:
        seen.add(other)
        other = _like(experiments[other])
    if other == name:
        return f"{dotted(path)}: leads back to {name!r}; one of them must say everything"
    return None


def _start_all(experiments: dict[str, Any]) -> dict[str, Any]:
    """Every experiment merged over the one that it is like."""
    started: dict[str, Any] = {}
    for name in experiments:
        chain = []
        while name is not None and name not in started:
            chain.append(name)
            name = _like(experiments[name])
        for each in reversed(chain):
            entry = experiments[each]
            other = _like(entry)
            started[each] = entry if other is None else _start_from(started[other], entry)
    return {name: started[name] for name in experiments}


def _start_from(other: Any, own: dict[str, Any]) -> dict[str, Any]:
    base = other if isinstance(other, dict) else {}
    replaced = {"like", "title", *(key for key in _WHOLE if key in own)}
    base = {key: value for key, value in base.items() if key not in replaced}
    return merge(base, {key: value for key, value in own.items() if key != "like"})


def _refine_runs(experiment: Any, path: tuple, mistakes: list[str]) -> Any:
    """The experiment without its defaults, every run merged over them."""
    if not isinstance(experiment, dict):
        return experiment
    # No more than absent keys: `algorithm:` alone.
    defaults = {key: experiment[key] for key in _DEFAULTS if experiment.get(key) is not None}
    for key, block in defaults.items():
        if not isinstance(block, dict):
            line = f"{dotted((*path, key))}: got {shown(block)}; must be a block with a `kind`"
            mistakes.append(line)
            return experiment
    rest = {key: value for key, value in experiment.items() if key not in (*_DEFAULTS, "like")}
    if not defaults or not _runs(experiment):
        return rest
    refined = {name: _refine(run, defaults) for name, run in _runs(experiment).items()}
    taken = {key for _, used in refined.values() for key in used}
    mistakes += [
        f"{dotted((*path, key))}: no run takes it; leave it out"
        for key in defaults
        if key not in taken
    ]
    return {**rest, "runs": {name: run for name, (run, _) in refined.items()}}


def _refine(run: Any, defaults: dict[str, dict]) -> tuple[Any, list[str]]:
    """A run merged over the defaults, and which of them it took."""
    run = {} if run is None else run
    if not isinstance(run, dict):
        return run, []
    own = {key: run.get(key) for key in _DEFAULTS}
    merged = {
        key: block if own[key] is None else merge(block, own[key])
        for key, block in defaults.items()
    }
    algorithm = merged.get("algorithm", own["algorithm"])
    if isinstance(algorithm, dict) and algorithm.get("of"):
        merged.pop("schedule", None)
    used = [key for key, block in merged.items() if block is not own[key]]
    return {**run, **merged}, used
