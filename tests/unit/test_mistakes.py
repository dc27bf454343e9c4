"""Mistakes as a user reads them: a line each, and each line once."""

import pytest
from pydantic import ValidationError

from sparsestep import config
from sparsestep.errors import ConfigError
from sparsestep.fields import Closed, Float
from sparsestep.mistakes import Mistake, Mistakes, describe


def test_the_same_mistake_found_twice_is_one_line():
    mistakes = Mistakes()
    mistakes.at("figures", "batches").add("must end alike", "columns", 1)
    mistakes.add("is too small", "experiments")
    mistakes.add("must end alike", "figures", "batches", "columns", 1)
    with pytest.raises(ConfigError) as caught:
        mistakes.refuse()
    lines = ["figures.batches.columns.1: must end alike", "experiments: is too small"]
    assert str(caught.value).split("\n") == lines


def test_a_default_that_is_wrong_for_every_run_is_one_line(tiny):
    first = tiny["experiments"]["first"]
    first["schedule"] = {"kind": "constant", "step_size": -1}
    first["runs"] = {"one": None, "two": None, "three": {"label": "third"}}
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    line = "experiments.first.schedule.step_size: got -1; input should be greater than 0"
    assert str(caught.value) == line


def test_two_figures_about_the_same_runs_have_a_line_each(tiny):
    tiny["figures"] = {
        name: {
            "kind": "duration_effect",
            "columns": [{"experiment": "first", "panels": ["l0"]}],
        }
        for name in ("one", "two")
    }
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    starts = [line.partition(".columns")[0] for line in str(caught.value).split("\n")]
    assert starts == ["figures.one", "figures.two"]


def test_a_text_that_is_too_long_is_told_its_own_limit(tiny):
    tiny["experiments"]["first"]["title"] = "x" * 201
    with pytest.raises(ConfigError, match=r"title: got 'x+.*; must have at most 200 characters$"):
        config.load(tiny)


def test_an_empty_text_is_told_so(tiny):
    tiny["compute"] = {"data_dir": ""}
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    assert "compute.data_dir: got ''; must have at least 1 character" in str(caught.value)


class Numbers(Closed):
    """A block of many values."""

    values: list[Float]


@pytest.mark.parametrize("count", [1, 19, 20, 21, 500])
def test_twenty_mistakes_of_a_block_have_a_line_each(count):
    with pytest.raises(ValidationError) as caught:
        Numbers(values=["x"] * count)
    found = describe(Numbers, caught.value)
    told = min(count, 20)
    assert [mistake.path for mistake in found[:told]] == [("values", n) for n in range(told)]
    rest = [f"config.yaml: and {count - 20} further mistakes"] if count > 20 else []
    assert list(map(str, found[told:])) == rest


def test_a_line_has_nothing_that_breaks_it_or_is_not_seen():
    mistake = Mistake(("a", "b\n"), "got k\n\u202e\ud800 ½, and 'é'")
    assert str(mistake) == "a.'b\\n': got k\\n\\u202e\\ud800 ½, and 'é'"
