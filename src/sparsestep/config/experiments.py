"""Experiments, each checked by itself: its runs, its family, what its parts need of each other."""

from sparsestep.config import compatibility
from sparsestep.config.blocks import Experiment, Run, Snapshots
from sparsestep.mistakes import Mistakes, suggest


def check_runs(experiment: Experiment, mistakes: Mistakes) -> None:
    """Note what is wrong with the runs of an experiment, and with its keys for its family."""
    for name, run in experiment.runs.items():
        where = mistakes.at("runs", name)
        _check_run(run, where)
        if run.followed:
            _check_followed(run.followed, experiment.runs, where.at("algorithm", "of"))
    experiment.family.check(experiment, mistakes)


def completed(experiment: Experiment) -> Experiment:
    """The experiment with what it leaves to its family: T, and when parameters are kept."""
    family = experiment.family
    snapshots = experiment.snapshots or Snapshots.model_validate(family.snapshots)
    parts = {"iterations": family.iterations(experiment), "snapshots": snapshots}
    return experiment.model_copy(update=parts)


def check_whole(experiment: Experiment, mistakes: Mistakes) -> Experiment:
    """The experiment, completed; notes what is wrong with it, but for its claims."""
    known = len(mistakes)
    check_runs(experiment, mistakes)
    if len(mistakes) > known:
        return experiment
    whole = completed(experiment)
    compatibility.check(whole, mistakes)
    # Columns of more layers than there are might be millions.
    if len(mistakes) == known:
        compatibility.check_metrics(whole.measure, whole.model, mistakes.at("measure"))
    return whole


def _check_run(run: Run, mistakes: Mistakes) -> None:
    if run.schedule is not None and run.followed:
        mistakes.add(f"must be absent; it is that of {run.followed!r}", "schedule")
    elif run.schedule is None and not run.followed:
        mistakes.add("missing", "schedule")


def _check_followed(name: str, runs: dict[str, Run], mistakes: Mistakes) -> None:
    if name not in runs:
        mistakes.add(f"there is no such run{suggest(name, list(runs))}")
    elif not getattr(runs[name].algorithm, "log_loss", False):
        mistakes.add(f"got {name!r}; must be a run with `algorithm: {{kind: sgd, log_loss: true}}`")
