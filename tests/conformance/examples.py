"""Examples of every kind: the blocks of config.yaml and of `examples.yaml`, cut down to a moment.

The folder above is a repository: a plug-in is checked where it has been added, with an experiment
of its own in config.yaml.
"""

import functools
from pathlib import Path

import numpy as np
import yaml

from sparsestep import models, registry, training
from sparsestep.plan import Plan
from sparsestep.plan.blocks import dumped
from sparsestep.problems import generate

FOLDER = Path(__file__).parent
REPLICATES = 3
ITERATIONS = 30
SNAPSHOTS = {"first": 4, "evenly_spaced": 4}
# Small beside every edge: what is checked is not about large steps.
STEP_SIZE = {"kind": "constant", "step_size": 1e-3}


@functools.cache
def plans():
    """config.yaml, and what it has no example of."""
    files = (FOLDER.parents[1] / "config.yaml", FOLDER / "examples.yaml")
    return [Plan(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in files]


@functools.cache
def runs():
    """(experiment's block, run's name, run's spec) of every run on vectors, cut to a moment."""
    found = []
    for plan in plans():
        for name, entry in plan.config.experiments.items():
            if entry.family.name != "vectors":
                continue
            for run in entry.runs:
                spec = plan.experiments.run(name, run) | {"iterations": ITERATIONS}
                spec |= {"snapshots": SNAPSHOTS, "schedule": STEP_SIZE}
                found.append((entry, run, {**spec, "replicates": [0, REPLICATES - 1]}))
    return found


def spec_with(role, kind, model=None):
    """The first run's spec in which a kind plays this role; of a measurement, its measurement."""
    for entry, _, spec in runs():
        if model is not None and entry.model.kind != model:
            continue
        if role == "measure" and kind in entry.measure:
            return {**spec, "measure": {kind: dumped(entry.measure)[kind]}}
        if role in spec and spec[role]["kind"] == kind:
            return spec
    raise LookupError(f"no experiment of config.yaml or {FOLDER}/examples.yaml has {role} {kind!r}")


def blocks(role):
    """Blocks of a role by kind, as checked: the first of each kind, what takes a moment before."""
    found = {}
    for plan in reversed(plans()):
        given = list(getattr(plan.config, f"{role}s").values())
        for block in given:
            found.setdefault(block.kind, block)
    return found


def schedules():
    """The first schedule of each kind."""
    found = {}
    for plan in plans():
        for entry in plan.config.experiments.values():
            for run in entry.runs.values():
                if run.schedule is not None:
                    found.setdefault(run.schedule.kind, run.schedule)
    return found


def network_of(spec, problem):
    """The network of a spec."""
    return models.from_spec(spec["model"], problem.x_train.shape[-1])


def trained(spec, threads=1, **changes):
    """(problem, trajectory) of a spec with these changes; what it follows is trained first."""
    spec = {**spec, **changes}
    problem = generate(spec)
    other = None
    if "followed" in spec:
        other = training.train(problem, {**spec, "algorithm": spec["followed"]["algorithm"]})
    edges = np.ones(REPLICATES)
    return problem, training.train(problem, spec, threads, edges, other)


def kinds_of(role):
    """The registered kinds of a role that networks on vectors have."""
    if role in ("problem", "model"):
        return [k for k in registry.kinds(role) if registry.family(role, k) == "vectors"]
    return registry.kinds(role)
