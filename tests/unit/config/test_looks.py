"""Runs that would look the same in a panel are refused before they are drawn."""

import copy
from types import SimpleNamespace

import pytest

from conftest import TINY
from sparsestep import config
from sparsestep.config import looks
from sparsestep.errors import ConfigError
from sparsestep.figures.parts import style
from sparsestep.figures.parts.shown import Shown
from sparsestep.mistakes import Mistakes
from sparsestep.plan import Plan


def raw(names, **figure):
    content = copy.deepcopy(TINY)
    experiment = content["experiments"]["first"] | {"claims": {}}
    schedule = {"kind": "constant", "step_size": 0.01}
    experiment["runs"] = {name: {"schedule": schedule} for name in names}
    asked = {"kind": "training_curves", "experiment": "first", "panels": ["train_loss"]}
    return {"experiments": {"first": experiment}, "figures": {"mine": asked | figure}}


def test_looks_are_those_that_are_drawn():
    assert looks._tables() == (style.RUNS, style.OTHERS)
    content = raw([*"abcdefg", "small", "gd", "label-noise"])
    content["experiments"]["first"]["runs"]["c"]["colour"] = "#123456"
    content["figures"] = {}
    plan = Plan(content)
    shown = Shown.from_spec(plan.experiments.display("first"))
    assert looks._looks(plan.config.experiments["first"]) == shown.looks()


def test_five_runs_of_other_names_are_told_apart():
    Plan(raw([*"abcde", "small", "decay-10"]))


@pytest.mark.parametrize(
    ("names", "first", "second"),
    [
        ("abcdef", "a", "f"),
        (["small", "decay-2"], "small", "decay-2"),
        (["gd", "sde"], "gd", "sde"),
    ],
)
def test_two_runs_of_the_same_look(names, first, second):
    with pytest.raises(ConfigError) as caught:
        Plan(raw(names))
    says = f"figures.mine.experiment: got 'first', whose runs {first!r} and {second!r} would look"
    assert str(caught.value).startswith(says)
    assert "\n" not in str(caught.value)
    assert "only 5 looks are there for names that have none" in str(caught.value)


def test_a_colour_or_fewer_runs_help():
    content = raw("abcdef")
    content["experiments"]["first"]["runs"]["f"]["colour"] = "#123456"
    Plan(content)
    Plan(raw("abcdef", runs=["b", "f"]))
    with pytest.raises(ConfigError, match="'f' and 'a' would look the same"):
        Plan(raw("abcdef", runs=["f", "b", "a"]))


def test_columns_with_names_need_no_look():
    Plan(raw("abcdef", kind="end_values"))


TRAJECTORIES = {"experiment": "first", "flow": "f", "runs": ["a"]}


@pytest.mark.parametrize(
    "figure",
    [
        {"kind": "rounding"},
        {"kind": "loss_surface", **TRAJECTORIES},
        {"kind": "loss_surface_animation", **TRAJECTORIES},
        {"kind": "learned_functions"},
        {"kind": "valley"},
    ],
)
def test_every_figure_of_one_panel_is_looked_at(figure):
    experiment = config.load(raw("abcdef", kind="end_values")).experiments["first"]
    shown = SimpleNamespace(**{"experiment": "first", **figure})
    mistakes = Mistakes()
    looks.check(shown, {"first": experiment}, mistakes)
    ((path, text),) = mistakes
    first, second = ("f", "a") if "flow" in figure else ("a", "f")
    assert path == ("experiment",)
    assert f"whose runs {first!r} and {second!r} would look" in text


def test_dashes_tell_apart_what_has_one_colour_and_colours_what_has_one_name():
    content = raw(["small", "decay-2"])
    runs = content["experiments"]["first"]["runs"]
    # Both of the same colour and dashes by name: one other colour is enough.
    runs["decay-2"]["colour"] = "#123456"
    Plan(content)
    runs["small"]["colour"] = "#123456"
    with pytest.raises(ConfigError, match="'small' and 'decay-2' would look the same"):
        Plan(content)
    # A run that the experiment does not have is told of elsewhere, and all others are looked at.
    figure = SimpleNamespace(kind="valley", experiment="first", runs=["no"])
    experiment = SimpleNamespace(runs=dict.fromkeys(["small", "large"]))
    assert looks._drawn(figure, experiment) == ["small", "large"]
    figure.runs = ["large", "no", "large"]
    assert looks._drawn(figure, experiment) == ["large"]
