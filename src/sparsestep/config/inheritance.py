"""Experiments that say only what differs: from another experiment, and from defaults of their own.

Of an experiment, `like:` names another one from which it starts. A block is merged key by key over
the other's, unless it says another `kind`, which replaces it; numbers, texts, and lists are
replaced, and so are `runs`, `measure`, and `claims` as wholes. The title is not taken over.

Then `algorithm:` and `schedule:` of the experiment are what its runs start from, in the same way. A
run that follows another one (`of`) has that run's schedule, and takes none from here. A run that
has a `problem`, `model`, `snapshots` or `edge` of its own says there what differs; its own
`iterations` or `epochs` are numbers.

What is of a wrong type is left as it is, for the checks that come after to refuse.
"""

from collections.abc import Callable
from typing import Any

from sparsestep import registry
from sparsestep.config import families, limits
from sparsestep.config.blocks import OWN_BLOCKS
from sparsestep.mistakes import Mistakes, Path, shown, suggest

_WHOLE = ("runs", "measure", "claims")
_DEFAULTS = ("algorithm", "schedule")


class Origins:
    """Where the values of experiments that are written out stand in config.yaml.

    Called with a value's path, it returns the path at which the user has written the value.
    """

    def __init__(self):
        # Of what is taken over as a whole, by its path: the path that it is taken from.
        self.from_others: dict[Path, Path] = {}
        self.from_defaults: dict[Path, Path] = {}

    def __call__(self, path: Path) -> Path:
        path = _follow(self.from_defaults, path)
        while (source := _follow(self.from_others, path)) != path:
            path = source
        return path


def _follow(taken: dict[Path, Path], path: Path) -> Path:
    for end in range(len(path), 0, -1):
        if source := taken.get(path[:end]):
            return source + path[end:]
    return path


def _recorder(taken: dict[Path, Path], here: Path, there: Path) -> Callable[[Path], None]:
    """What notes in `taken` that the value at a path below `here` is that below `there`."""

    def take(below: Path) -> None:
        taken[here + below] = there + below

    return take


def write_out(raw: Any, mistakes: Mistakes) -> tuple[Any, Origins]:
    """The content of config.yaml with every experiment written out; `raw` itself does not change.

    Notes each `like` that leads nowhere and each default that no run takes. Where something is
    wrong, experiments may be left as they are.
    """
    origins = Origins()
    experiments = raw.get("experiments") if isinstance(raw, dict) else None
    if not isinstance(experiments, dict) or not any(map(_inherits, experiments.values())):
        return raw, origins
    for name in experiments:
        _check_chain(name, experiments, mistakes.at("experiments", name, "like"))
    if mistakes:
        return raw, origins
    started = _start_all(experiments, origins)
    # Few lines may stand for many runs; each becomes a block of its own below.
    runs = sum(len(_runs(experiment)) for experiment in started.values())
    if runs > limits.VALUES:
        mistakes.add(f"have {runs} runs; at most {limits.VALUES}", "experiments")
        return raw, origins
    refined = {}
    for name, experiment in started.items():
        where = mistakes.at("experiments", name)
        refined[name] = _refine_runs(name, experiment, experiments[name], origins, where)
    return {**raw, "experiments": refined}, origins


def merge(
    base: Any, own: Any, path: Path = (), take: Callable[[Path], None] = lambda path: None
) -> Any:
    """`own` over `base`, key by key where both are blocks of the same kind; else `own`.

    `take` is called with the path, below `path`, of every value that is taken from `base`.
    """
    if not isinstance(base, dict) or not isinstance(own, dict):
        return own
    if "kind" in own and own["kind"] != base.get("kind"):
        return own
    for key in base.keys() - own.keys():
        take((*path, key))
    merged = {key: merge(base.get(key), value, (*path, key), take) for key, value in own.items()}
    return {**base, **merged}


def _inherits(experiment: Any) -> bool:
    if not isinstance(experiment, dict):
        return False
    blocks = (run for run in _runs(experiment).values() if isinstance(run, dict))
    return any(key in experiment for key in ("like", *_DEFAULTS)) or any(
        key in run for run in blocks for key in OWN_BLOCKS
    )


def _like(experiment: Any) -> Any:
    return experiment.get("like") if isinstance(experiment, dict) else None


def _runs(experiment: Any) -> dict:
    runs = experiment.get("runs") if isinstance(experiment, dict) else None
    return runs if isinstance(runs, dict) else {}


def _check_chain(name: str, experiments: dict[str, Any], mistakes: Mistakes) -> None:
    """Note where this experiment's own `like` names no other one, or leads back to it."""
    other = _like(experiments[name])
    if other is None:
        return
    if not isinstance(other, str):
        mistakes.add(f"got {shown(other)}; must be the name of an experiment")
        return
    if other not in experiments or other == name:
        valid = [each for each in experiments if each != name]
        mistakes.add(f"there is no other experiment of this name{suggest(other, valid)}")
        return
    seen = {name}
    while isinstance(other, str) and other in experiments and other not in seen:
        seen.add(other)
        other = _like(experiments[other])
    if other == name:
        mistakes.add(f"leads back to {name!r}; one of them must say everything")


def _start_all(experiments: dict[str, Any], origins: Origins) -> dict[str, Any]:
    """Every experiment merged over the one that it is like."""
    started: dict[str, Any] = {}
    for name in experiments:
        chain = []
        while name is not None and name not in started:
            chain.append(name)
            name = _like(experiments[name])
        for each in reversed(chain):
            entry, other = experiments[each], _like(experiments[each])
            if other is None:
                started[each] = entry
                continue
            take = _recorder(origins.from_others, ("experiments", each), ("experiments", other))
            started[each] = _start_from(started[other], entry, take)
    return {name: started[name] for name in experiments}


def _start_from(other: Any, own: dict[str, Any], take: Callable[[Path], None]) -> dict[str, Any]:
    base = other if isinstance(other, dict) else {}
    replaced = {"like", "title", *(key for key in _WHOLE if key in own)}
    base = {key: value for key, value in base.items() if key not in replaced}
    return merge(base, {key: value for key, value in own.items() if key != "like"}, (), take)


def _refine_runs(
    name: str, experiment: Any, own: dict[str, Any], origins: Origins, mistakes: Mistakes
) -> Any:
    """The experiment without its defaults, every run merged over them.

    `own` is what the experiment itself says.
    """
    if not isinstance(experiment, dict):
        return experiment
    # No more than absent keys: `algorithm:` alone.
    defaults = {key: experiment[key] for key in _DEFAULTS if experiment.get(key) is not None}
    for key, block in defaults.items():
        if not isinstance(block, dict):
            mistakes.add(f"got {shown(block)}; must be a block with a `kind`", key)
            return experiment
    rest = {key: value for key, value in experiment.items() if key not in (*_DEFAULTS, "like")}
    if not _runs(experiment):
        return rest
    here, taken, refined = ("experiments", name), set(), {}
    for run, block in _runs(experiment).items():
        path = (*here, "runs", run)
        whole = _complete(block, experiment, path, here, origins)
        refined[run], used = _refine(whole, defaults, path, here, origins)
        taken.update(used)
    for key in defaults:
        # One that comes from another experiment serves the runs there.
        if key not in taken and key in own:
            mistakes.add("no run takes it; leave it out", key)
    return {**rest, "runs": refined}


def _complete(run: Any, experiment: dict, path: Path, here: Path, origins: Origins) -> Any:
    """A run, at `path`, whose own blocks are merged over those of its experiment."""
    own = [key for key in OWN_BLOCKS if isinstance(run, dict) and isinstance(run.get(key), dict)]
    if not own:
        return run
    take = _recorder(origins.from_defaults, path, here)
    merged = {key: merge(_base(experiment, key), run[key], (key,), take) for key in own}
    return {**run, **merged}


def _base(experiment: dict, key: str) -> Any:
    """A block of an experiment; snapshots that it leaves to its family as the family has them."""
    found = experiment.get(key)
    if found is not None or key != "snapshots":
        return found
    problem = experiment.get("problem")
    kind = problem.get("kind") if isinstance(problem, dict) else None
    if not isinstance(kind, str) or kind not in registry.kinds("problem"):
        return None
    return families.FAMILIES[registry.family("problem", kind)].snapshots


def _refine(
    run: Any, defaults: dict[str, dict], path: Path, experiment: Path, origins: Origins
) -> tuple[Any, list[str]]:
    """A run, at `path`, merged over the defaults of its experiment, and which of them it took."""
    run = {} if run is None else run
    if not isinstance(run, dict):
        return run, []
    take = _recorder(origins.from_defaults, path, experiment)
    merged = {}
    for key, block in defaults.items():
        algorithm = merged.get("algorithm", run.get("algorithm"))
        follows = isinstance(algorithm, dict) and algorithm.get("of")
        if key == "schedule" and follows:
            continue
        if run.get(key) is None:
            take((key,))
            merged[key] = block
        else:
            merged[key] = merge(block, run[key], (key,), take)
    used = [key for key, block in merged.items() if block is not run.get(key)]
    return {**run, **merged}, used
