"""Compatibility of the parts of an experiment, checked before the first job.

Every model trains on every problem; a measurement may need more. It says so in its module: `NEEDS`,
names of the problem's truth, and `mistakes(options, problem, network)`, what else is wrong, by the
key's path inside the experiment; a model may offer `mistakes(spec, dimension)`, by key. A problem's
module says in `TRUTH` what its `generate` returns as truth, and its `Spec` has `dimension`, the
number of inputs, with which the network is built. Networks on images are too large to build here:
their measurements' `mistakes` gets the model's Spec instead.
"""

from typing import TYPE_CHECKING

from sparsestep import metrics, registry
from sparsestep.mistakes import Mistakes

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment
    from sparsestep.config.kinds import Measure
    from sparsestep.contracts import Network
    from sparsestep.fields import Closed


def check(experiment: "Experiment", mistakes: Mistakes) -> None:
    """Note each need of a part of a checked experiment that the other parts do not meet."""
    network = experiment.family.network(experiment, mistakes)
    if network is not None:
        _check_measurements(experiment, network, mistakes)


def _check_measurements(
    experiment: "Experiment", network: "Network | Closed", mistakes: Mistakes
) -> None:
    problem = experiment.problem
    truth = getattr(registry.load("problem", problem.kind), "TRUTH", ())
    for name, options in experiment.measure.items():
        module = registry.load("measure", name, experiment.model.kind)
        missing = [need for need in getattr(module, "NEEDS", ()) if need not in truth]
        if missing:
            mistakes.add(_lacking(missing, problem.kind), "measure", name)
        elif hasattr(module, "mistakes"):
            mistakes.add_all(module.mistakes(options, problem, network))


def check_metrics(measure: "Measure", model: "Closed", mistakes: Mistakes) -> None:
    """Note each column of a `measure:` block that figures and report would not know how to tell."""
    for name, options in measure.items():
        told = registry.load("measure", name, model.kind).columns(options)
        if unknown := [column for column in told if metrics.find(column) is None]:
            text = (
                f"measures {unknown[0]!r}, of which registry.METRICS says neither words nor scale"
            )
            mistakes.add(text, name)


def _lacking(missing: list[str], problem: str) -> str:
    offering = [
        kind
        for kind in registry.kinds("problem")
        if set(missing) <= set(getattr(registry.load("problem", kind), "TRUTH", ()))
    ]
    needs = " and ".join(missing)
    valid = ", ".join(offering) or "none"
    return f"needs the problem's {needs}, got {problem!r}; valid problems: {valid}"
