"""A table of a user's own, in the current folder, and blocks of problems on it."""

import numpy as np
import pandas as pd
import pytest

from sparsestep import config, interactive
from sparsestep.config import kinds
from sparsestep.errors import ConfigError
from sparsestep.problems.tabular import found
from unit.config.test_kinds import small

ROWS = 10
SHARE = {"test": {"share": 0.2}}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where data.csv lies: two inputs, a target, a class, a split."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(found.VARIABLE, "{}")
    monkeypatch.setattr(found, "_found", {})
    table().to_csv("data.csv", index=False)
    return tmp_path


def table():
    """Ten rows of numbers that no two columns share."""
    stream = np.random.RandomState(0)
    return pd.DataFrame(
        {
            "a": stream.standard_normal(ROWS),
            "b": 100 + 10 * stream.standard_normal(ROWS),
            "y": stream.standard_normal(ROWS),
            "species": ["cat", "dog", "emu", "dog", "cat", "dog", "emu", "cat", "dog", "cat"],
            "part": ["train"] * 7 + ["test"] * 3,
        }
    )


REGRESSION = {"kind": "table", "path": "data.csv", "target": "y", "inputs": ["a", "b"]}
REGRESSION |= {"task": "regression", "order_seed": 1}
CLASSES = REGRESSION | {"target": "species", "task": "classes"}
RAW = {"standardise": False, "standardise_target": False}


def resolved(**changes):
    """The block of a regression with these changes, as checked."""
    return kinds.resolve("problem", {**REGRESSION, **changes})


def generated(block, replicates=1, iterations=5):
    """The Problem of a block, as from Python."""
    model = {"kind": "diagonal", "u": 0.1, "v": 0.0}
    spec = {"problem": block, "model": model, "iterations": iterations}
    return interactive.generate(spec | {"replicates": [0, replicates - 1]})


def told(block):
    """Lines about an experiment with this problem."""
    with pytest.raises(ConfigError) as caught:
        config.load({"experiments": {"mine": small(problem=block, measure={"losses": None})}})
    return str(caught.value).split("\n")


PART = {"column": "part", "value": "test"}
RAW_OF = {"regression": RAW, "classes": {"standardise": False}}


def write(form, frame):
    """Write a table as data.<form>, whose name is returned."""
    path = f"data.{form}"
    if form == "csv":
        frame.to_csv(path, index=False)
    elif form == "parquet":
        frame.to_parquet(path)
    else:
        np.savez(path, **{name: frame[name].to_numpy() for name in frame})
    return path
