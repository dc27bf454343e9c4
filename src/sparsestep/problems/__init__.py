"""Problems: data, initial parameters and sampling order of every replicate."""

import numpy as np

from sparsestep import handed, models, registry
from sparsestep.artifacts.arrays import Problem


def generate(spec: dict) -> Problem:
    """Everything random about the replicates of an experiment.

    `spec` holds `problem` and `model` (blocks of config.yaml), `iterations` (T) and `replicates`
    (first and last, both included). The content of a replicate does not depend on which others are
    generated with it.
    """
    handed.check_problem(spec)
    module = registry.load("problem", spec["problem"]["kind"])
    first, last = spec["replicates"]
    replicates = range(first, last + 1)
    problem = module.Spec(**spec["problem"])
    arrays = module.generate(problem, spec["iterations"], replicates)
    network = models.from_spec(spec["model"], arrays["x_train"].shape[-1])
    seeds = problem.of("init", replicates)
    theta0 = np.stack([network.initial_parameters(seed) for seed in seeds])
    return Problem(spec=spec, theta0=theta0, **arrays)
