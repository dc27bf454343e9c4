"""Specs that the tests share: the experiment of config.yaml, and one that takes milliseconds."""

import copy
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

# As in the jobs; before NumPy is imported.
import sparsestep.stages  # noqa: F401
from sparsestep.plan import Plan

ROOT = Path(__file__).resolve().parent.parent

TINY = {
    "experiments": {
        "first": {
            "title": "First",
            "replicates": 3,
            "iterations": 60,
            "problem": {
                "kind": "sparse_regression",
                "n_train": 6,
                "n_test": 30,
                "dimension": 8,
                "support": 2,
                "data_seed": 0,
                "order_seed": 1,
            },
            "model": {"kind": "diagonal", "u": 0.1, "v": 0.0},
            "snapshots": {"first": 5, "evenly_spaced": 7},
            "runs": {
                "small": {"schedule": {"kind": "constant", "step_size": 0.01}},
                "decay-50": {
                    "schedule": {
                        "kind": "step_decay",
                        "step_size": 0.05,
                        "decay_at": 0.5,
                        "divide_by": 2.0,
                    }
                },
            },
            "measure": {
                "losses": None,
                "sparse_recovery": {"l0_threshold": 1e-50},
                "jacobian_rank": {"threshold": 1e-15, "further_thresholds": [1e-6]},
                "step_size": None,
            },
            "claims": {"stabilises": "train_loss", "sparser": ["l0", "jacobian_rank"]},
        }
    },
    "figures": {
        "curves": {
            "kind": "training_curves",
            "experiment": "first",
            "panels": ["train_loss", "l0"],
        },
        "ends": {"kind": "end_values", "experiment": "first", "panels": ["test_loss"]},
    },
}


@pytest.fixture
def tiny() -> dict:
    """A raw config that trains in milliseconds; tests may change it."""
    return copy.deepcopy(TINY)


@pytest.fixture(scope="session")
def published() -> Plan:
    """The plan of the repository's own config.yaml."""
    return Plan(yaml.safe_load((ROOT / "config.yaml").read_text()))


def batch_of(experiment: str, batch: str = "0-2", **others: str) -> SimpleNamespace:
    """Wildcards as Snakemake gives them."""
    return SimpleNamespace(experiment=experiment, batch=batch, **others)


def cores() -> int:
    """Cores of this machine."""
    return os.cpu_count() or 1
