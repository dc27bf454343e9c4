"""Experiments and sources of the figures of trajectories and problems."""

import copy
import json

from conftest import TINY, batch_of
from sparsestep.figures.sources import Sources
from sparsestep.plan import Plan
from sparsestep.problems import generate
from sparsestep.training import train


def two_layers(problem, biases):
    """An experiment with ReLU networks of four units."""
    model = {"kind": "mlp", "widths": [4], "biases": biases, "weight_scales": [1.0, 0.5]}
    experiment = copy.deepcopy(TINY["experiments"]["first"])
    return {
        **experiment,
        "problem": problem,
        "model": model,
        "measure": {"losses": None},
        "claims": {},
    }


def with_figures(tiny):
    """The tiny config with one figure of every kind, named by it."""
    kinks = {"kind": "kink_regression", "init_seed": 1, "order_seed": 1, "n_fresh": 5}
    teacher = {
        "kind": "teacher_student",
        **{"n_train": 6, "n_test": 8, "dimension": 2, "n_fresh": 4},
        **{"teacher_widths": [3], "teacher_biases": False, "teacher_weights": "unit"},
        **{"data_seed": 1, "init_seed": 0, "order_seed": 0},
    }
    tiny["experiments"]["line"] = two_layers(kinks, [True, False])
    tiny["experiments"]["plane"] = two_layers(teacher, [False, False])
    surface = {"experiment": "first", "flow": "small", "runs": ["small", "decay-50"]}
    tiny["figures"] = {
        "loss_surface": {"kind": "loss_surface", **surface},
        "loss_surface_animation": {"kind": "loss_surface_animation", **surface},
        "learned_functions": {
            "kind": "learned_functions",
            "experiment": "line",
            "iterations": [0, 23, 59],
        },
        "neurons": {"kind": "neurons", "experiment": "plane"},
    }
    return tiny


def drawn_from(raw, name):
    """Sources and spec of a figure, all runs of its experiment trained."""
    plan = Plan(raw)
    experiment = plan.config.figures[name].experiment
    entry, trajectories = plan.config.experiments[experiment], {}
    batch = {"replicates": [0, entry.replicates - 1]}
    for run in entry.runs:
        spec = {**plan.experiments.run(experiment, run), **batch}
        own = generate({**plan.experiments.problem(experiment, run), **batch})
        trajectories[experiment, run] = train(own, spec)
    problem = generate({**plan.experiments.problem(experiment), **batch})
    sources = Sources(problems={experiment: problem}, trajectories=trajectories)
    return sources, json.loads(plan.jobs.spec("figure")(batch_of(experiment, figure=name)))
