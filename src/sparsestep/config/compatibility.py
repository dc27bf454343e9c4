"""Compatibility of the parts of an experiment, checked before the first job.

Every model trains on every problem; a measurement may need more. It says so in its module: `NEEDS`,
names of the problem's truth, `NEEDS_LOG`, that runs keep the loss of every iteration, and
`mistakes(options, problem, network)`, what else is wrong, by the key's path inside the experiment;
a model may offer `mistakes(spec, dimension)`, by key, `misfits(experiment)`, by path, and
`unfit_options(spec, algorithm)`, by key of the algorithm. A model's module says in `PRECISIONS` in
what it is trained, where that is not float64 alone. A problem's module says in `TRUTH` what its
`generate` returns as truth, and its `Spec` has `dimension`, the number of inputs, with which the
network is built. Networks on images are too large to build here: their measurements' `mistakes`
gets the model's Spec instead.
"""

from typing import TYPE_CHECKING, get_args

from sparsestep import metrics, registry, sample_counts
from sparsestep.config import kinds
from sparsestep.mistakes import Mistakes

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment
    from sparsestep.config.kinds import Measure
    from sparsestep.contracts import Network
    from sparsestep.fields import Closed


def check(experiment: "Experiment", mistakes: Mistakes) -> None:
    """Note each need of a part of a checked experiment that the other parts do not meet."""
    for name, run in experiment.runs.items():
        where = mistakes.at("runs", name, "algorithm")
        own = experiment.own_parts(name)
        model, problem = own.get("model", experiment.model), own.get("problem", experiment.problem)
        check_algorithm(run.algorithm, model, problem, where)
    of_model = registry.load("model", experiment.model.kind)
    if hasattr(of_model, "misfits"):
        mistakes.add_all(of_model.misfits(experiment))
    network = experiment.family.network(experiment, mistakes)
    if network is not None:
        _check_classes(experiment, mistakes)
        _check_measurements(experiment, network, mistakes)


def _check_classes(experiment: "Experiment", mistakes: Mistakes) -> None:
    """Note more classes than a network with one output can tell apart."""
    classes = getattr(experiment.problem, "classes", None)
    if classes is not None and classes > 2 and getattr(experiment.model, "outputs", 1) == 1:
        kind = experiment.model.kind
        text = f"there are {classes} classes, and networks of kind {kind!r} have one output, which "
        mistakes.add(f"{text}tells two apart; name two: labels: [...]", "problem", "labels")


def _check_measurements(
    experiment: "Experiment", network: "Network | Closed", mistakes: Mistakes
) -> None:
    problem = experiment.problem
    truth = getattr(registry.load("problem", problem.kind), "TRUTH", ())
    for name, options in experiment.measure.items():
        module = registry.load("measure", name, experiment.model.kind)
        missing = [need for need in getattr(module, "NEEDS", ()) if need not in truth]
        if missing:
            written = kinds.written_kind("problem", problem.kind)
            mistakes.add(_lacking(missing, written), "measure", name)
        elif silent := _without_log(experiment) if getattr(module, "NEEDS_LOG", False) else []:
            mistakes.add(_not_logged(silent), "measure", name)
        elif hasattr(module, "mistakes"):
            mistakes.add_all(module.mistakes(options, problem, network))


def check_algorithm(
    algorithm: "Closed", model: "Closed", problem: "Closed", mistakes: Mistakes
) -> None:
    """Note what keeps an algorithm from training this model on this problem."""
    check_trained(algorithm, model, mistakes)
    check_precision(algorithm, model, mistakes)
    _check_batches(algorithm, problem, mistakes)


def check_trained(algorithm: "Closed", model: "Closed", mistakes: Mistakes) -> None:
    """Note an algorithm that does not train networks of this kind, or not with these options."""
    of_model = registry.load("model", model.kind)
    if hasattr(of_model, "unfit_options"):
        mistakes.add_all(of_model.unfit_options(model, algorithm))
    if not registry.lacking("trainer", algorithm.kind, model.kind):
        return
    written = kinds.written_kind("algorithm", algorithm.kind)
    options = [
        *kinds.further_options("algorithm", algorithm),
        *(f"model.{option}" for option in kinds.further_options("model", model)),
    ]
    valid = ", ".join(registry.kinds("trainer", model.kind)) or "none"
    networks = f"this kind with {' and '.join(options)}" if options else f"kind {model.kind!r}"
    text = f"got {written!r}, which does not train networks of {networks}"
    mistakes.add(f"{text}; algorithms that do: {valid}", "kind")


def _check_batches(algorithm: "Closed", problem: "Closed", mistakes: Mistakes) -> None:
    """Note epochs without a whole batch."""
    samples = sample_counts.of_training(problem)
    size = getattr(algorithm, "batch_size", 1)
    is_of_epochs = getattr(algorithm, "sampling", None) == "epochs" and isinstance(size, int)
    if is_of_epochs and samples and size > samples:
        text = f"got {size}, more than the {samples} training samples that an epoch has once each"
        mistakes.add(f"{text}; give fewer, or sampling: replacement", "batch_size")


def check_precision(algorithm: "Closed", model: "Closed", mistakes: Mistakes) -> None:
    """Note a `precision` of the algorithm in which networks of this model are not trained."""
    valid = getattr(registry.load("model", model.kind), "PRECISIONS", ("float64",))
    precision = getattr(algorithm, "precision", "float64")
    if precision not in valid:
        text = f"got {precision!r}; networks of kind {model.kind!r} are trained in: "
        mistakes.add(text + ", ".join(valid), "precision")


def check_metrics(measure: "Measure", model: "Closed", mistakes: Mistakes) -> None:
    """Note each column of a `measure:` block that figures and report would not know how to tell."""
    for name, options in measure.items():
        for column in registry.load("measure", name, model.kind).columns(options):
            if text := _untold(column):
                mistakes.add(f"measures {text}", name)
                break


def check_drawn(kind: str, mistakes: Mistakes) -> None:
    """Note what registry.py lacks to draw a kind of figure."""
    if text := registry.lacking("drawing", kind):
        mistakes.add(text, "kind")
    for column in metrics.OF_ALL_FIGURES:
        if text := _untold(column):
            mistakes.add(f"{kind!r} may show {text}", "kind")


def _untold(column: str) -> str:
    """The column and what registry.METRICS lacks to tell it; empty where it lacks nothing."""
    try:
        found = metrics.find(column)
    except TypeError:
        return f"{column!r}, of which registry.METRICS must say words and scale, in TeX a symbol"
    if found is None:
        return f"{column!r}, of which registry.METRICS says neither words nor scale"
    valid = get_args(metrics.Metric.__annotations__["scale"])
    if found.scale in valid:
        return ""
    return (
        f"{column!r}, whose scale in registry.METRICS is {found.scale!r}; valid: {', '.join(valid)}"
    )


def _without_log(experiment: "Experiment") -> list[str]:
    """Names of the runs that do not keep the training loss of every iteration."""
    return [
        name
        for name, run in experiment.runs.items()
        if not getattr(run.algorithm, "log_loss", False)
    ]


def _not_logged(runs: list[str]) -> str:
    some = ", ".join(runs[:3]) + (f" and {len(runs) - 3} more" if len(runs) > 3 else "")
    verb = "does" if len(runs) == 1 else "do"
    return (
        f"needs the loss of every iteration, which {some} {verb} not keep; valid: runs with "
        "`algorithm: {kind: sgd, log_loss: true}`"
    )


def _lacking(missing: list[str], problem: str) -> str:
    offering = [
        kind
        for kind in registry.kinds("problem")
        if set(missing) <= set(getattr(registry.load("problem", kind), "TRUTH", ()))
    ]
    needs = " and ".join(missing)
    valid = ", ".join(offering) or "none"
    return f"needs the problem's {needs}, got {problem!r}; valid problems: {valid}"
