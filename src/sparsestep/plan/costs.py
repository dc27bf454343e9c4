"""Rough cost of a point of a sweep on one core, by which points are shared out to jobs.

Part of what decides which points a job has, and so of where results lie: never a function of the
machine, and changed only with a reason to compute all sweeps over keys anew.
"""

from sparsestep import registry, sample_counts
from sparsestep.config.blocks import Experiment

# Seconds of a replicate: per update, per sample of it, and per sample and parameter. Measured with
# the compiled kernels; what PyTorch computes (`general` in its module's name) takes longer.
_COMPILED = (3e-8, 1e-8, 2e-10)
_GENERAL = (2e-5, 1e-7, 1e-9)
# Trainings that the search for an edge makes, each as long as the horizon.
_TRIES = 45
# Seconds of a replicate per measured quantity, and per cubed number of parameters where a matrix
# of them is decomposed.
_MEASURED, _DECOMPOSED = 2e-3, 1e-10
_DECOMPOSING = ("jacobian_rank", "sharpness")
# Of a problem that does not say how many it has.
_SAMPLES = 12


def seconds(experiment: Experiment, run: str, edges: bool) -> float:
    """Training, edge and measurement of one replicate of a run."""
    model, algorithm = experiment.model, experiment.runs[run].algorithm
    network = registry.load("model", model.kind).Network(model, experiment.problem.dimension)
    parameters = getattr(network, "parameter_count", 2 * experiment.problem.dimension)
    module = registry.module_name("trainer", algorithm.kind, model.kind)
    per_update, per_sample, per_number = _GENERAL if "general" in module else _COMPILED
    samples = _samples(experiment, algorithm)
    updates = experiment.iterations * getattr(algorithm, "substeps", 1)
    training = updates * (per_update + samples * (per_sample + per_number * parameters))
    searched = _TRIES * experiment.edge.horizon * training if edges else 0.0
    decomposed = sum(name in experiment.measure for name in _DECOMPOSING)
    measured = _MEASURED * len(experiment.measure) + _DECOMPOSED * decomposed * parameters**3
    return training + searched + measured


def _samples(experiment: Experiment, algorithm: object) -> int:
    """Samples whose gradients an update takes."""
    of_batch = getattr(algorithm, "batch_size", None)
    if isinstance(of_batch, int) and getattr(algorithm, "noise", "none") == "none":
        return of_batch
    if algorithm.kind == "sgd":
        return 1
    return sample_counts.of_training(experiment.problem) or _SAMPLES
