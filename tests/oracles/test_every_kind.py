"""The tiny workflow has every kind of what there is for networks on vectors."""

import ast
from pathlib import Path

import pytest
from tiny_workflow import EXPERIMENTS, runs

from sparsestep import registry

FOLDER = Path(__file__).parent / "independent"
EXPERIMENTS_ON_VECTORS = [EXPERIMENTS[name] for name in dict(runs("vectors"))]


def of_vectors(role):
    return {kind for kind in registry.kinds(role) if registry.family(role, kind) == "vectors"}


@pytest.mark.parametrize("role", ["problem", "model"])
def test_problems_and_models(role):
    assert {of[role]["kind"] for of in EXPERIMENTS_ON_VECTORS} == of_vectors(role)


def test_schedules():
    runs_of = [run for of in EXPERIMENTS.values() for run in of["runs"].values()]
    kinds = {run["schedule"]["kind"] for run in runs_of if "schedule" in run}
    assert kinds == set(registry.kinds("schedule"))


def trained():
    """(model, algorithm) of every run, as blocks."""
    for of in EXPERIMENTS_ON_VECTORS:
        for run in of["runs"].values():
            yield of["model"], run.get("algorithm") or of["algorithm"]


def test_every_algorithm_trains_every_model_in_every_precision():
    pairs = {(model["kind"], algorithm["kind"]) for model, algorithm in trained()}
    models = of_vectors("model")
    assert pairs == {(m, a) for m in models for a in registry.kinds("trainer", m)}
    options = {(m["kind"], a["kind"], name) for m, a in trained() for name in a}
    further = {("sgd", "batch_size"), ("sgd", "momentum"), ("gd", "momentum")}
    assert options >= {(model, *option) for model in models for option in further}
    for precision in ("float64", "float32"):
        of = [m for m, a in trained() if a.get("precision", "float64") == precision]
        # One and two hidden layers.
        assert {len(model.get("widths", [])) for model in of} >= {1, 2}
    noises = {(m["kind"], a.get("noise", "isotropic")) for m, a in trained() if a["kind"] == "sde"}
    kinds = ("isotropic", "covariance", "second_moment", "none")
    assert noises == {(model, noise) for model in models for noise in kinds}


@pytest.mark.parametrize("model", sorted(of_vectors("model")))
def test_measurements(model):
    of = EXPERIMENTS_ON_VECTORS
    measured = {name for e in of if e["model"]["kind"] == model for name in e["measure"]}
    # What is not of one model alone is measured on some.
    everywhere = {name for e in of for name in e["measure"]}
    plain = {name for name in registry.MEASURES if "/" not in name}
    assert measured | (plain & everywhere) == set(registry.kinds("measure", model))


def test_definitions_import_nothing_that_they_check():
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            known = {"math", "itertools", "numpy", "torch", "sklearn", "independent"}
            assert {name.split(".")[0] for name in names} <= known, path
