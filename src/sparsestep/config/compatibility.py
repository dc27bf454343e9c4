"""What the parts of an experiment need of each other, checked before the first job.

Every model trains on every problem; a measurement may need more. It says so in its module: `NEEDS`,
names of the problem's truth, and `mistakes(options, problem, network)`, what else is wrong, by the
key's path inside the experiment; a model may offer `mistakes(spec, dimension)`, by key. A problem's
module says in `TRUTH` what its `generate` returns as truth, and its `Spec` has `dimension`, the
number of inputs, with which the network is built. Networks on images are too large to build here:
their measurements' `mistakes` gets the model's Spec instead.
"""

from typing import Any

from sparsestep import registry
from sparsestep.images.checks import of_images
from sparsestep.mistakes import dotted


def mistakes(experiment: Any, path: tuple) -> list[str]:
    """One line for each need that a validated `Experiment` (blocks.py) at `path` does not meet."""
    if of_images(experiment.problem):
        return _about_images(experiment, path)
    kind = experiment.model["kind"]
    problem_module = registry.load("problem", experiment.problem["kind"])
    model = registry.load("model", kind)
    problem = problem_module.Spec(**experiment.problem)
    of_model = model.Spec(**experiment.model)
    if hasattr(model, "mistakes") and (found := model.mistakes(of_model, problem.dimension)):
        return [f"{dotted((*path, 'model', key))}: {what}" for key, what in found.items()]
    network = model.Network(of_model, problem.dimension)
    if int(experiment.edge.horizon * experiment.iterations) < 1:
        where = dotted((*path, "edge", "horizon"))
        return [f"{where}: no iteration lies within {experiment.edge.horizon} of iterations"]
    return _of_measurements(experiment, path, problem, network)


def _about_images(experiment: Any, path: tuple) -> list[str]:
    kind = experiment.model["kind"]
    problem = registry.load("problem", experiment.problem["kind"]).Spec(**experiment.problem)
    model = registry.load("model", kind).Spec(**experiment.model)
    lines = _of_measurements(experiment, path, problem, model)
    if problem.batch_size * model.last_size(problem.facts.size) ** 2 < 2:
        where = dotted((*path, "problem", "batch_size"))
        lines.append(f"{where}: must be at least 2: batch norm needs two numbers of each channel")
    return lines


def _of_measurements(experiment: Any, path: tuple, problem: Any, network: Any) -> list[str]:
    truth = getattr(registry.load("problem", experiment.problem["kind"]), "TRUTH", ())
    lines = []
    for name, options in experiment.measure.items():
        module = registry.load("measure", name, experiment.model["kind"])
        missing = [need for need in getattr(module, "NEEDS", ()) if need not in truth]
        if missing:
            lines.append(_lacking((*path, "measure", name), missing, experiment.problem["kind"]))
        elif hasattr(module, "mistakes"):
            found = module.mistakes(module.Spec(**options), problem, network)
            lines += [f"{dotted((*path, *key))}: {what}" for key, what in found.items()]
    return lines


def _lacking(path: tuple, missing: list[str], problem: str) -> str:
    offering = [
        kind
        for kind in registry.kinds("problem")
        if set(missing) <= set(getattr(registry.load("problem", kind), "TRUTH", ()))
    ]
    needs = " and ".join(missing)
    valid = ", ".join(offering) or "none"
    return f"{dotted(path)}: needs the problem's {needs}, got {problem!r}; valid problems: {valid}"
