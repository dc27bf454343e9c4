"""Kinds with further options: `registry.EXTENSIONS`."""

import sys
from types import ModuleType
from typing import Literal

import pytest
from pydantic import ValidationError

from conftest import TINY
from sparsestep import config, registry
from sparsestep.algorithms import sgd
from sparsestep.config import compatibility, kinds, schema
from sparsestep.errors import ConfigError
from sparsestep.mistakes import Mistakes
from sparsestep.plan.blocks import dump
from unit.config.test_kinds import small


class Slower(sgd.Spec):
    """SGD with a further option."""

    kind: Literal["slower_sgd"]
    patience: int = 0


@pytest.fixture(autouse=True)
def slower_sgd(monkeypatch):
    """An extension of sgd that trains diagonal networks alone."""
    module = ModuleType("sparsestep.algorithms.slower_sgd")
    module.Spec = Slower
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(registry.EXTENSIONS, "algorithm", {"sgd": "slower_sgd"})
    monkeypatch.setitem(registry.ALGORITHMS, "slower_sgd", module.__name__)
    of_diagonal = registry.TRAINERS["diagonal/sgd"]
    monkeypatch.setitem(registry.TRAINERS, "diagonal/slower_sgd", of_diagonal)
    monkeypatch.setattr(registry, "_is_there", lambda name: True)


def test_a_further_option_makes_a_block_one_of_the_extension():
    block = kinds.resolve("algorithm", {"kind": "sgd", "patience": 3, "log_loss": True})
    assert isinstance(block, Slower)
    assert dump(block) == {"kind": "slower_sgd", "log_loss": True, "patience": 3}
    assert kinds.further_options("algorithm", block) == ["patience"]
    written = kinds.as_written("algorithm", block)
    assert written == {"kind": "sgd", "log_loss": True, "patience": 3}
    assert kinds.resolve("algorithm", written) == block


def test_a_block_without_further_options_is_what_it_was():
    for given in ({"kind": "sgd"}, {"kind": "sgd", "patience": 0}):
        block = kinds.resolve("algorithm", given)
        assert type(block) is sgd.Spec
        assert dump(block) == {"kind": "sgd", "log_loss": False}
        assert kinds.further_options("algorithm", block) == []


def test_the_name_of_an_extension_is_none_that_a_user_writes():
    with pytest.raises(ValidationError, match="unknown algorithm, got 'slower_sgd'"):
        kinds.resolve("algorithm", {"kind": "slower_sgd"})
    assert "slower_sgd" not in registry.kinds("algorithm")
    assert "slower_sgd" not in registry.kinds("trainer", "diagonal")
    # What reads specs finds it.
    assert registry.module_name("algorithm", "slower_sgd").endswith("slower_sgd")
    assert registry.lacking("trainer", "slower_sgd", "diagonal") == ""


def test_an_unknown_key_is_told_with_all_options():
    with pytest.raises(ValidationError) as caught:
        kinds.resolve("algorithm", {"kind": "sgd", "patient": 3})
    assert "did you mean 'patience'?" in str(caught.value)


def test_ids_are_those_of_the_extension_only_where_it_is_one():
    experiment = small()
    run = next(iter(experiment["runs"].values()))
    run["algorithm"] = {"kind": "sgd", "patience": 2}
    checked = config.load({"experiments": {"one": experiment}}).experiments["one"]
    assert next(iter(checked.runs.values())).algorithm.kind == "slower_sgd"
    run["algorithm"] = {"kind": "sgd", "patience": 0}
    plain = config.load({"experiments": {"one": experiment}}).experiments["one"]
    assert next(iter(plain.runs.values())).algorithm.kind == "sgd"


def test_networks_that_it_does_not_train_are_told():
    mistakes, model = Mistakes(), kinds.resolve("model", TINY["experiments"]["first"]["model"])
    slow = kinds.resolve("algorithm", {"kind": "sgd", "patience": 2})
    compatibility.check_trained(slow, model, mistakes)
    mistakes.refuse()
    perceptron = {"kind": "mlp", "widths": [3], "biases": [True] * 2, "weight_scales": [1.0, 1.0]}
    compatibility.check_trained(slow, kinds.resolve("model", perceptron), mistakes.at("algorithm"))
    with pytest.raises(ConfigError) as caught:
        mistakes.refuse()
    assert str(caught.value).startswith(
        "algorithm.kind: got 'sgd', which does not train networks of this kind with patience; "
        "algorithms that do: sgd, gd, label_noise_gd, gd_on_noisy_labels, sde, adam, "
    )


def test_the_schema_has_the_further_options_under_the_kinds_name():
    block = schema.schema()["$defs"]["algorithm-sgd"]["properties"]
    assert block["kind"]["const"] == "sgd"
    assert set(block) >= {"patience", "log_loss"}
    assert "algorithm-slower_sgd" not in schema.schema()["$defs"]
