"""The JSON Schema of config.yaml: current, and of one mind with the checks."""

import copy
import json

import jsonschema
import pytest
import yaml

from conftest import ROOT, with_simulations
from sparsestep.config import schema
from unit.config.test_config_images import IMAGES

FIRST = ("experiments", "first")


@pytest.fixture(scope="module")
def validator():
    found = schema.schema()
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def test_the_file_is_current():
    """If not: `python -m sparsestep.config.schema`."""
    assert (ROOT / schema.PATH).read_text(encoding="utf-8") == schema.text()


def test_editors_find_it():
    first = (ROOT / "config.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema={schema.PATH}"


def test_every_reference_leads_somewhere():
    found = schema.schema()
    names = set(found["$defs"])
    texts = json.dumps(found).split('"$ref": "#/$defs/')[1:]
    assert texts
    assert {text.partition('"')[0] for text in texts} <= names


def test_what_is_valid_is_accepted(validator, tiny):
    images = {"experiments": {"one": json.loads(json.dumps(IMAGES))}}
    shipped = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    for raw in (shipped, with_simulations(copy.deepcopy(tiny)), images):
        assert [error.message for error in validator.iter_errors(raw)] == []


MISTAKES = [
    ((*FIRST, "problem", "n_trian"), 80),
    ((*FIRST, "problem", "n_train"), 0),
    ((*FIRST, "model", "kind"), "diagnal"),
    ((*FIRST, "measure", "losess"), None),
    ((*FIRST, "measure", "jacobian_rank"), {"treshold": 1e-3}),
    ((*FIRST, "runs", "small", "schedule", "step_size"), -0.1),
    ((*FIRST, "runs", "small", "schedule", "kind"), "constnat"),
    ((*FIRST, "runs", "small", "color"), "#000000"),
    ((*FIRST, "runs", "small", "colour"), None),
    ((*FIRST, "problem"), None),
    ((*FIRST, "replicates"), "many"),
    (("figures", "curves", "kind"), "training_curve"),
    (("figures", "curves", "panel"), []),
    (("experiment",), {}),
]


@pytest.mark.parametrize(("path", "value"), MISTAKES)
def test_mistake_is_underlined(validator, tiny, path, value):
    block = tiny
    for key in path[:-1]:
        block = block[key]
    block[path[-1]] = value
    assert list(validator.iter_errors(tiny))
