"""Mistakes as a user reads them: a line each, and each line once."""

import pytest
from pydantic import ValidationError

from sparsestep import config
from sparsestep.errors import ConfigError
from sparsestep.fields import Closed, Float
from sparsestep.mistakes import Mistake, Mistakes, describe, dotted, shown, suggest


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


def test_what_is_wrong_in_two_blocks_is_told_of_the_one_that_says_it():
    """`origin` leads to where the user has written what a block has from another one."""
    like = {"b": "a"}

    def refuse(*paths):
        mistakes = Mistakes()
        for path in paths:
            mistakes.add("is wrong", *path)
        with pytest.raises(ConfigError) as caught:
            mistakes.refuse(lambda path: (path[0], like.get(path[1], path[1]), *path[2:]))
        return str(caught.value).split("\n")

    assert refuse(("x", "a", "n"), ("x", "b", "n")) == ["x.a.n: is wrong"]
    # What is right where it stands may be wrong for one that starts from there.
    assert refuse(("x", "b", "n")) == ["x.a.n: is wrong (wrong in x.b, which is like it)"]


def test_names_and_values_of_any_length_and_kind():
    assert suggest("aac", ["aab", "x"]) == ", got 'aac'; valid: aab, x (did you mean 'aab'?)"
    assert suggest("aa", []) == ", got 'aa'; valid: none"
    # What is far longer than a name is compared by its beginning.
    close = "a" * 60
    assert f"did you mean {close!r}" in suggest("a" * 90, [close])
    assert suggest("q", ["b\n", "c" * 61]) == f", got 'q'; valid: 'b\\n', {shown('c' * 61)}"
    assert shown("x" * 58) == repr("x" * 58)
    assert shown("x" * 59) == "'" + "x" * 56 + "..."
    assert len(shown(list(range(1000)))) == 60
    assert shown({"b": 1, "a": {"c": [1, 2]}}) == "{'b': 1, 'a': {'c': [1, 2]}}"
    assert dotted(("a", 0, "b c", "d" * 61)) == f"a.0.'b c'.{shown('d' * 61)}"
    assert dotted(()) == "config.yaml"
