"""Specs that the tests share: the experiment of config.yaml, and one that takes milliseconds."""

import copy
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from survived import pytest_addoption, pytest_terminal_summary  # noqa: F401

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


# Blocks of config.yaml that simulate in milliseconds, and figures of them.
TINY_SIMULATIONS = {
    "simulations": {
        "parabolas": {
            "kind": "quadratic",
            "shapes": [[6, 3]],
            "noise": 0.1,
            "replicates": 2,
            "normalisations": ["sum", "mean"],
            "steps": 200,
            "tolerance": 0.01,
            "seed": 0,
        },
        "descents": {
            "kind": "quadratic_paths",
            "shapes": [[6, 3]],
            "noise": 0.1,
            "normalisation": "sum",
            "of_threshold": [0.5, 1.0, 1.1],
            "steps": 20,
            "seed": 0,
        },
        "settling": {
            "kind": "stabilization",
            "inputs": [
                {"name": "same", "distribution": "constant", "low": 1.0, "high": 1.0},
                {"name": "wide", "distribution": "uniform", "low": 0.5, "high": 1.0},
            ],
            "theta_stars": [1.0, 3.0],
            "gamma_max": {"low": 0.9, "high": 1.4, "points": 7},
            "replicates": 5,
            "steps": 300,
            "seed": 0,
        },
        "bouncing": {
            "kind": "stabilization_paths",
            "inputs": {"name": "same", "distribution": "constant", "low": 1.0, "high": 1.0},
            "gamma_max": 1.2,
            "starts": [0.1, 0.5],
            "steps": 10,
            "seed": 0,
        },
    },
    "figures": {
        "parabolas": {"kind": "quadratic", "simulation": "parabolas", "paths": "descents"},
        "settling": {
            "kind": "bifurcation",
            "simulation": "settling",
            "paths": "bouncing",
            "inputs": ["same", "wide"],
        },
    },
}


@pytest.fixture(autouse=True)
def _close_figures():
    """Whatever a test drew, matplotlib would keep, and say at the twentieth that it is too much."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.fixture
def tiny_with_simulations(tiny) -> dict:
    """The same with simulations and figures of them; tests may change it."""
    return with_simulations(tiny)


def with_simulations(raw: dict) -> dict:
    """The config with `TINY_SIMULATIONS` added."""
    added = copy.deepcopy(TINY_SIMULATIONS)
    return {
        **raw,
        "simulations": added["simulations"],
        "figures": {**raw["figures"], **added["figures"]},
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
