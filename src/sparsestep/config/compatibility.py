"""What the parts of an experiment need of each other, checked before the first job.

Every model trains on every problem; a measurement may need more. It says so in its module: `NEEDS`,
names of the problem's truth, and `mistakes(options, problem, network)`, what else is wrong, by the
key's path inside the experiment; a model may offer `mistakes(spec, dimension)`, by key. A problem's
module says in `TRUTH` what its `generate` returns as truth, and its `Spec` has `dimension`, the
number of inputs, with which the network is built. Networks on images are too large to build here:
their measurements' `mistakes` gets the model's Spec instead.
"""

from typing import TYPE_CHECKING

from sparsestep import registry
from sparsestep.images.checks import is_of_images
from sparsestep.mistakes import Mistakes

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment
    from sparsestep.fields import Closed
    from sparsestep.models import Network


def check(experiment: "Experiment", mistakes: Mistakes) -> None:
    """Note each need of a part of a checked experiment that the other parts do not meet."""
    if is_of_images(experiment.problem):
        _check_images(experiment, mistakes)
    else:
        _check_vectors(experiment, mistakes)


def _check_vectors(experiment: "Experiment", mistakes: Mistakes) -> None:
    module = registry.load("model", experiment.model.kind)
    dimension = experiment.problem.dimension
    if hasattr(module, "mistakes") and (found := module.mistakes(experiment.model, dimension)):
        mistakes.add_all({("model", key): text for key, text in found.items()})
        return
    horizon = experiment.edge.horizon
    if int(horizon * experiment.iterations) < 1:
        mistakes.add(f"no iteration lies within {horizon} of iterations", "edge", "horizon")
        return
    _check_measurements(experiment, module.Network(experiment.model, dimension), mistakes)


def _check_images(experiment: "Experiment", mistakes: Mistakes) -> None:
    problem, model = experiment.problem, experiment.model
    _check_measurements(experiment, model, mistakes)
    if problem.batch_size * model.last_size(problem.facts.size) ** 2 < 2:
        text = "must be at least 2: batch norm needs two numbers of each channel"
        mistakes.add(text, "problem", "batch_size")


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


def _lacking(missing: list[str], problem: str) -> str:
    offering = [
        kind
        for kind in registry.kinds("problem")
        if set(missing) <= set(getattr(registry.load("problem", kind), "TRUTH", ()))
    ]
    needs = " and ".join(missing)
    valid = ", ".join(offering) or "none"
    return f"needs the problem's {needs}, got {problem!r}; valid problems: {valid}"
