"""Experiments, each checked by itself: its runs, its family, what its parts need of each other."""

from pydantic import ValidationError

from sparsestep.config import compatibility, families, kinds
from sparsestep.config.blocks import OWN_BLOCKS, OWN_NUMBERS, Experiment, Run, Snapshots
from sparsestep.mistakes import Mistakes, describe, dotted, suggest


def check_runs(experiment: Experiment, mistakes: Mistakes) -> None:
    """Note what is wrong with the runs of an experiment, and with its keys for its family."""
    known = len(mistakes)
    for name, run in experiment.runs.items():
        where = mistakes.at("runs", name)
        _check_run(run, where)
        if run.followed:
            _check_followed(run.followed, experiment.runs, where.at("algorithm", "of"))
    experiment.family.check(experiment, mistakes)
    if len(mistakes) > known:
        return
    for name in experiment.runs:
        _check_own_parts(experiment, name, mistakes.at("runs", name))


def completed(experiment: Experiment) -> Experiment:
    """The experiment with what it leaves to its family: T, and when parameters are kept."""
    family = experiment.family
    snapshots = experiment.snapshots or Snapshots.model_validate(family.snapshots)
    parts = {"iterations": family.iterations(experiment), "snapshots": snapshots}
    runs = {}
    for name, run in experiment.runs.items():
        # Its epochs are as long as the experiment's: `_check_own_parts`.
        own = run.epochs and run.epochs * parts["iterations"] // experiment.epochs
        runs[name] = run.model_copy(update={"iterations": own}) if own else run
    return experiment.model_copy(update={**parts, "runs": runs})


def check_parts(experiment: Experiment, mistakes: Mistakes) -> None:
    """Note each need of a part of a completed experiment, or of a run's own, that is not met."""
    known = len(mistakes)
    compatibility.check(experiment, mistakes)
    if len(mistakes) > known:
        return
    for name in experiment.runs:
        if not (own := experiment.own_parts(name)):
            continue
        found = Mistakes()
        compatibility.check(experiment.of_run(name), found)
        for path, text in found:
            of_run = path[:1] == ("runs",)
            is_own = path[0] in own or of_run
            inside = path if of_run else ("runs", name, *(path if is_own else ()))
            mistakes.add(text if is_own else f"{dotted(path)}: {text}", *inside)


def check_whole(experiment: Experiment, mistakes: Mistakes) -> Experiment:
    """The experiment, completed; notes what is wrong with it, but for its claims."""
    known = len(mistakes)
    check_runs(experiment, mistakes)
    if len(mistakes) > known:
        return experiment
    whole = completed(experiment)
    check_parts(whole, mistakes)
    # Columns of more layers than there are might be millions.
    if len(mistakes) == known:
        compatibility.check_metrics(whole.measure, whole.model, mistakes.at("measure"))
    return whole


def _check_run(run: Run, mistakes: Mistakes) -> None:
    if run.schedule is not None and run.followed:
        mistakes.add(f"must be absent; it is that of {run.followed!r}", "schedule")
    elif run.schedule is None and not run.followed:
        mistakes.add("missing", "schedule")


def _check_own_parts(experiment: Experiment, name: str, mistakes: Mistakes) -> None:
    """Note parts of its own that a run must not have, and blocks of another family."""
    run, known = experiment.runs[name], len(mistakes)
    written = [key for key in (*OWN_BLOCKS, *OWN_NUMBERS) if getattr(run, key) is not None]
    for key in written:
        if run.followed:
            mistakes.add(f"must be absent; it is that of {run.followed!r}", key)
        elif key in OWN_NUMBERS and getattr(experiment, key) is None:
            (valid,) = (other for other in OWN_NUMBERS if other != key)
            mistakes.add(f"must be absent; the experiment has {valid}, give these", key)
    own = experiment.own_parts(name)
    if not own or len(mistakes) > known:
        return
    blocks = {key: own[key] for key in OWN_BLOCKS if key in own}
    problem, model = (own.get(key, getattr(experiment, key)) for key in ("problem", "model"))
    family = experiment.family
    if families.family_of(problem) is not family or not families.go_together(problem, model):
        key = "model" if "model" in own else "problem"
        valid = families.kinds_of(key, family.name)
        text = f"got {own[key].kind!r}; the experiment is of {family.name}; valid here: "
        mistakes.add(text + ", ".join(valid), key, "kind")
    elif family.iterations(experiment.model_copy(update=blocks)) != family.iterations(experiment):
        mistakes.add("leads to another number of iterations; give it an experiment of its own")
    else:
        try:
            experiment.of_run(name)
        except ValidationError as error:
            for path, text in describe(Experiment, error):
                key = dotted(("measure", *path))
                mistakes.add(f"got {model.kind!r}, of which {key}: {text}", "model", "kind")


def _check_followed(name: str, runs: dict[str, Run], mistakes: Mistakes) -> None:
    if name not in runs:
        mistakes.add(f"there is no such run{suggest(name, list(runs))}")
    elif not getattr(runs[name].algorithm, "log_loss", False):
        mistakes.add(f"got {name!r}; must be a run with `algorithm: {{kind: sgd, log_loss: true}}`")
    elif further := kinds.further_options("algorithm", runs[name].algorithm):
        # What follows a run is another form of plain SGD.
        text = f"got {name!r}, a run with {' and '.join(further)}; must be one with"
        mistakes.add(f"{text} `algorithm: {{kind: sgd, log_loss: true}}` alone")
