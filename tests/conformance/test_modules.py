"""Every registered module offers what its role asks for (`sparsestep.contracts`)."""

import inspect
from pathlib import Path

import examples
import pytest

from sparsestep import metrics, registry
from sparsestep.contracts import (
    CONTRACTS,
    CheckedMeasureModule,
    FullBatchModule,
    ImageModelSpec,
)
from sparsestep.fields import Closed
from sparsestep.figures.specs.base import FigureSpec

ALL = [(role, kind) for role in CONTRACTS for kind in registry._TABLES[role]]
ON_VECTORS = [
    (role, kind)
    for role, kind in ALL
    if not kind.startswith("images/")
    and (role not in ("problem", "model") or registry.family(role, kind) == "vectors")
]


def module_of(role, kind):
    model, _, name = kind.rpartition("/")
    if model == "images":
        model = registry.OF_IMAGES["model"][0]
    return registry.load(role, name, model or None)


def parameters(function):
    """Numbers of positional parameters that must be given, and that may."""
    of = inspect.signature(function).parameters.values()
    positional = [p for p in of if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return sum(p.default is p.empty for p in positional), len(positional)


def check_offers(module, contract):
    """That a module has the attributes of a contract, and functions that can be called so."""
    for name in contract.__annotations__:
        assert hasattr(module, name), f"{module.__name__} has no {name}"
    for name, method in inspect.getmembers(contract, inspect.isfunction):
        if name.startswith("_"):
            continue
        assert callable(getattr(module, name, None)), f"{module.__name__} has no {name}()"
        needed, most = parameters(getattr(module, name))
        asked = len(inspect.signature(method).parameters) - 1
        assert needed <= asked <= most, f"{module.__name__}.{name}() takes other arguments"
        assert inspect.getdoc(getattr(module, name)), f"{module.__name__}.{name}() says nothing"


@pytest.mark.parametrize(("role", "kind"), ON_VECTORS)
def test_offers_what_the_role_asks_for(role, kind):
    module = module_of(role, kind)
    check_offers(module, CONTRACTS[role])
    assert module.__doc__


@pytest.mark.parametrize(("role", "kind"), [pair for pair in ALL if pair not in ON_VECTORS])
def test_modules_on_images(role, kind):
    module = module_of(role, kind)
    assert module.__doc__
    if role == "measure":
        check_offers(module, CONTRACTS[role])
    elif role == "model":
        for name, method in inspect.getmembers(ImageModelSpec, inspect.isfunction):
            if not name.startswith("_"):
                asked = len(inspect.signature(method).parameters)
                assert parameters(getattr(module.Spec, name)) == (asked, asked)
        assert module.Spec.block_names
    elif role == "problem":
        assert {"facts", "iterations_per_epoch", "replicates_per_batch"} <= set(dir(module.Spec))
    else:
        assert callable(module.train)


@pytest.mark.parametrize(("role", "kind"), [pair for pair in ALL if pair[0] != "trainer"])
def test_keys_of_config_are_closed_and_described(role, kind):
    spec = getattr(module_of(role, kind), "Spec", None)
    if spec is None:
        assert role in ("network", "summary", "drawing")
        return
    assert issubclass(spec, Closed)
    assert spec.__doc__
    if "kind" in spec.model_fields:
        assert spec.model_fields["kind"].annotation.__args__ == (kind,)
    undescribed = [
        name
        for name, field in spec.model_fields.items()
        if name != "kind" and not field.description
    ]
    assert undescribed == []


@pytest.mark.parametrize("kind", registry.MEASURES)
def test_checked_measurements_offer_their_mistakes(kind):
    module = module_of("measure", kind)
    if hasattr(module, "mistakes"):
        check_offers(module, CheckedMeasureModule)


@pytest.mark.parametrize("kind", registry.kinds("algorithm"))
def test_full_batch_algorithms_offer_their_noise(kind):
    module = registry.load("algorithm", kind)
    of_vectors = [name for name in registry.TRAINERS if name.endswith(f"/{kind}")]
    assert of_vectors, "nothing trains with it"
    if hasattr(module, "noise"):
        check_offers(module, FullBatchModule)


@pytest.mark.parametrize("kind", registry.kinds("figure"))
def test_a_figure_is_asked_for_drawn_and_explained(kind):
    assert issubclass(registry.load("figure", kind).Spec, FigureSpec)
    assert kind in registry.kinds("drawing")
    caption = Path(examples.FOLDER.parents[1], "workflow", "report", f"{kind}.rst")
    assert caption.read_text(encoding="utf-8").strip()
    assert kind in examples.blocks("figure")


@pytest.mark.parametrize("column", registry.METRICS)
def test_every_metric_can_be_told(column):
    metric = metrics.describe(column)
    assert metric.words
    assert metric.scale in ("linear", "log", "per cent")
    assert metric.label
