"""Experiments with every loss from problem to table."""

import numpy as np
import pytest

from sparsestep import interactive
from sparsestep.errors import ConfigError
from sparsestep.plan import Plan

CORNERS = [[1.0, 0.2], [0.3, 1.0], [-1.0, 0.5], [-0.6, -1.0], [0.8, -0.7], [0.1, 0.2]]
LOSSES = {
    "squared": (1, [0.3, -1.2, 0.7, 0.1, 0.4, -0.2], ["losses"]),
    "logistic": (1, [1.0, -1.0, -1.0, 1.0, -1.0, 1.0], ["losses", "errors"]),
    "cross_entropy": (3, [0.0, 1.0, 2.0, 2.0, 1.0, 0.0], ["losses", "errors"]),
}
RUNS = {
    "gd": {"kind": "gd"},
    "adam": {"kind": "adam", "batch_size": 2},
    "muon": {"kind": "muon", "batch_size": "all"},
}


def specs(loss):
    """The spec of each run, of networks with tanh."""
    outputs, y, measures = LOSSES[loss]
    problem = {
        "kind": "given_data",
        "x": CORNERS,
        "y": y,
        "order_seed": 0,
        "vary": ["init", "order"],
    }
    model = {
        "kind": "mlp",
        "widths": [8, 6],
        "biases": [True] * 3,
        "weight_scales": [1.0, 0.4, 0.4],
    }
    model |= {"activation": "tanh", "loss": loss, "outputs": outputs}
    schedule = {"kind": "constant", "step_size": 0.02}
    runs = {name: {"algorithm": of, "schedule": schedule} for name, of in RUNS.items()}
    of_edge = {"kind": "constant", "step_size": {"of_edge": 0.5}}
    if loss == "squared":
        # The gradients of the others are bounded, and nothing diverges.
        runs["edge"] = {"algorithm": {"kind": "gd"}, "schedule": of_edge}
    measures = [*measures, "dead", "sharpness", "tangent_kernel", "parameter_norm", "step_size"]
    one = {"replicates": 2, "iterations": 300, "problem": problem, "model": model, "runs": runs}
    one |= {"measure": dict.fromkeys(measures), "edge": {"horizon": 0.9, "tolerance": 0.2}}
    plan = Plan({"experiments": {"one": one}})
    return {
        name: plan.experiments.run("one", name)
        | {"replicates": [0, 1], "measure": {m: {} for m in measures}}
        for name in runs
    }


@pytest.mark.parametrize("loss", LOSSES)
def test_an_experiment_of_every_loss(loss):
    for name, spec in specs(loss).items():
        problem = interactive.generate(spec)
        edges = None
        if name == "edge":
            block = {"horizon": 0.9, "tolerance": 0.2, "survive": "finite"}
            edges = interactive.calibrate(problem, {**spec, "edge": block})
            assert np.isfinite(edges).all()
        trajectory = interactive.train(problem, spec, edges=edges)
        table = interactive.measure(problem, trajectory, spec)
        assert (trajectory.diverged_at == -1).all()
        of_first = table[table["iteration"] == 0]["train_loss"].to_numpy()
        of_last = table[table["iteration"] == table["iteration"].max()]["train_loss"].to_numpy()
        assert (of_last < 0.8 * of_first).all(), name
        assert table.drop(columns="iteration").notna().all().all()


def test_labels_that_are_none_are_told():
    spec = specs("cross_entropy")["gd"]
    problem = interactive.generate(spec)
    problem.y_train[0, 2] = 3.0
    with pytest.raises(ConfigError, match="problem: got 3; labels of loss cross_entropy must be"):
        interactive.train(problem, spec)
    spec["algorithm"] = {"kind": "sgd", "log_loss": True}
    problem.y_train[0, 2] = 2.0
    with pytest.raises(ConfigError, match="log_loss: is for the squared loss alone"):
        interactive.train(problem, spec)
