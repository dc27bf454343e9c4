"""An experiment on images, tables and trajectories by hand, for the tests of what is drawn."""

import json

import numpy as np
import pandas as pd
import torch

from conftest import batch_of
from sparsestep.artifacts.arrays import Trajectory
from sparsestep.figures.sources import Sources
from sparsestep.images.networks import initial, state
from sparsestep.plan import Plan

PANELS = ["train_loss", "test_error", "feature_sparsity_last", "sharpness", "step_size"]
DENSENET = {"kind": "densenet", "depth": 7, "growth_rate": 3}
RESNET = {"kind": "resnet", "depth": 18, "width": 5}


def raw_config(model=DENSENET, dataset="digits", bfloat16=False):
    """40 epochs of 12 updates, a snapshot every two epochs; one figure of each kind."""
    algorithm = {"kind": "minibatch_sgd"}
    problem = {"kind": "images", "dataset": dataset, "n_train": 60, "batch_size": 5}
    warm = {"kind": "exponential_warmup", "step_size": 0.2}
    return {
        "experiments": {
            "deep": {
                "title": "Deep",
                "replicates": 3,
                "epochs": 40,
                "problem": {**problem, "order_seed": 0, "vary": ["init", "order"]},
                "model": model,
                "snapshots": {"first": 1, "evenly_spaced": 21, "last": True, "bfloat16": bfloat16},
                "runs": {
                    "small": {
                        "algorithm": algorithm,
                        "schedule": {"kind": "constant", "step_size": 0.01},
                    },
                    **{
                        f"decay-{share}": {
                            "algorithm": algorithm,
                            "schedule": {**warm, "decay_at": share / 100},
                        }
                        for share in (10, 50)
                    },
                },
                "measure": {
                    "losses": None,
                    "channel_sparsity": {"blocks": ["block2", "last"]},
                    "sharpness": None,
                    "step_size": None,
                },
                "claims": {
                    "stabilises": {"metric": "train_loss", "against": "small"},
                    "better": ["test_error"],
                    "sparser": ["feature_sparsity_last"],
                },
            }
        },
        "figures": {
            "curves": {"kind": "training_curves", "experiment": "deep", "panels": PANELS},
            "ends": {"kind": "end_values", "experiment": "deep", "panels": PANELS},
            "filters": {"kind": "filters", "experiment": "deep"},
        },
    }


def spec_of(raw, figure):
    """`spec` of a figure's job."""
    return json.loads(Plan(raw).jobs.spec("figure")(batch_of("deep", figure=figure)))


def table_of(replicates=3, diverged=(), iterations=480):
    """A table of measurements; `diverged` are (run, replicate), at iteration 90."""
    rows = []
    for place, run in enumerate(("small", "decay-10", "decay-50")):
        for replicate in range(replicates):
            lost = (run, replicate) in diverged
            for t in np.round(np.linspace(0, iterations, 21)).astype(int):
                # Ever smaller, the more so the later the run in the list.
                values = [
                    (2 - place / 2 + replicate / 10) * size * np.exp(-(place + 1) * t / iterations)
                    for size in (1.0, 1.0, 0.4, 0.4, 0.5, 0.2, 0.5, 0.2, 30.0, 0.1)
                ]
                if lost and t >= 90:
                    values = [np.nan] * len(values)
                rows.append((run, replicate, t, 90 if lost else -1, *values))
    measured = ["train_loss", "test_loss", "train_error", "test_error"]
    for block in ("block2", "last"):
        measured += [f"feature_sparsity_{block}", f"raw_sparsity_{block}"]
    names = ["run", "replicate", "iteration", "diverged_at"]
    return pd.DataFrame(rows, columns=[*names, *measured, "sharpness", "step_size"])


def trajectory_of(raw, run, stem, diverged_at=-1):
    """Two snapshots of the network, the last with this first convolution (f, c, k, k)."""
    spec = {**Plan(raw).experiments.run("deep", run), "replicates": [0, 0]}
    network = initial.from_spec(spec["model"], stem.shape[1], 10)
    start = state.flatten(network).numpy()
    with torch.no_grad():
        network.stem.weight.copy_(torch.as_tensor(stem))
    end = state.flatten(network).numpy()
    parameters = np.stack([start, end])[None]
    if diverged_at >= 0:
        parameters[:, 1] = np.nan
    if spec["snapshots"].get("bfloat16"):
        parameters = state.as_bfloat16(parameters)
    return Trajectory(
        iterations=np.array([0, 480]),
        parameters=parameters,
        step_sizes=np.full((1, 2), 0.1),
        diverged_at=np.array([diverged_at]),
        spec=spec,
    )


def sources_of(raw, stems, diverged=()):
    """Trajectories of these runs with these first convolutions, some diverged at 90."""
    return Sources(
        trajectories={
            ("deep", run): trajectory_of(raw, run, stem, 90 if run in diverged else -1)
            for run, stem in stems.items()
        }
    )
