"""Nothing is no value: `colour: #d62728` without quotes, a key left empty."""

import re

import pytest
import yaml

from conftest import with_simulations
from sparsestep import config
from sparsestep.errors import ConfigError

TEXT = """
experiments:
  first:
    title: First
    replicates: 3
    iterations: 60
    problem: {kind: sparse_regression, n_train: 6, n_test: 30, dimension: 8, support: 2,
      data_seed: 0, order_seed: 1}
    model: {kind: diagonal, u: 0.1, v: 0.0}
    schedule: {kind: constant, step_size: 0.01}
    runs:
      small:
      sgd:
        algorithm: {kind: sgd, log_loss: true}
        colour: "#d62728"
    measure:
      losses:
"""


def everywhere(part, path=()):
    """Where a value stands in a config, blocks and lists themselves included."""
    parts = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in parts:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from everywhere(value, (*path, key))


def said(raw):
    try:
        config.load(raw)
    except ConfigError as error:
        return str(error)
    return ""


def test_a_colour_without_quotes():
    assert said(yaml.safe_load(TEXT.replace('"#d62728"', "#d62728"))) == (
        "experiments.first.runs.sgd.colour: got nothing; write a value, in quotes where it begins "
        "with #, or leave the key out"
    )


@pytest.mark.parametrize(
    "line", ["label:", "algorithm:", "schedule:", "schedule: {kind: constant, step_size: ~}"]
)
def test_a_key_left_empty(line):
    text = TEXT.replace('colour: "#d62728"', line)
    if line.startswith("algorithm"):
        text = text.replace("        algorithm: {kind: sgd, log_loss: true}\n", "")
    told = said(yaml.safe_load(text))
    assert re.match(r"experiments\.first\.runs\.sgd\.\S+: got nothing; .*$", told), told


def test_nothing_is_no_value_of_any_key(tiny):
    raw = with_simulations(tiny)
    raw["sweeps"] = {
        "grid": {
            "experiment": "first",
            "replicates": 2,
            "schedule": {"kind": "step_decay", "divide_by": 2},
            "step_size": [0.01],
            "decay_at": {"low": 0.1, "high": 0.5, "points": 3},
            "measure": {"losses": {}},
        }
    }
    raw["compute"] = {"device": "cpu", "data_dir": "archives"}
    config.load(raw)
    without_keys = set()
    for path in everywhere(raw):
        block = raw
        for key in path[:-1]:
            block = block[key]
        kept, block[path[-1]] = block[path[-1]], None
        if not said(raw).startswith(f"{'.'.join(map(str, path))}: got nothing"):
            without_keys.add(path[:-1])
        block[path[-1]] = kept
    first = ("experiments", "first")
    assert without_keys == {(*first, "runs"), (*first, "measure"), ("sweeps", "grid", "measure")}


def test_what_may_be_without_keys():
    experiment = config.load(yaml.safe_load(TEXT)).experiments["first"]
    assert experiment.runs["small"].schedule.step_size == 0.01
    assert experiment.measure["losses"].model_dump() == {}
