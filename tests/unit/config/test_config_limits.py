"""Found by fuzzing (tests/faults): values of strange types, without bounds, names of rules."""

import datetime
import time

import pytest

from conftest import ROOT
from sparsestep import config
from sparsestep.config import limits
from sparsestep.config import text as config_file
from sparsestep.errors import ConfigError
from sparsestep.mistakes import Mistakes
from sparsestep.plan import Plan


def endless():
    value = {}
    value["a"] = value
    return value


def doubling():
    value = ["ha"]
    for _ in range(40):
        value = [value, value]
    return value


def deep():
    value = 1
    for _ in range(10_000):
        value = [value]
    return value


# Key beside `title` in the experiment, what stands there, what is said of it.
MISTAKES = [
    ("title", endless(), "title.a: is part of itself"),
    ("title", doubling(), "; at most 1000000"),
    ("title", deep(), "blocks and lists inside each other, more than 50"),
    ("title", 16**5000, "title: got a number of about 6020 digits"),
    ("title", {1, 2}, "title: got {1, 2}; must be text, a number, true or false"),
    ("title", b"x", "title: got b'x'; must be text"),
    ("title", datetime.date(2024, 1, 1), "title: got datetime.date(2024, 1, 1); must be text"),
    ("title", "a\0b", r"title: got 'a\x00b'; must not have control characters"),
    ("title", "\ud800", r"title: got '\ud800'; must not have control characters"),
    ("title", "x" * 10_001, "title: got a text of 10001 characters; at most 10000"),
    (1, 2, "first.1: got 1; a key must be text: put it into quotes"),
    ("\ud800", 2, r"first.'\ud800': got '\ud800'; a key must not have control characters"),
    ("a\0", 2, r"first.'a\x00': got 'a\x00'; a key must not have control characters"),
    (True, 2, "first.True: got True; a key must be text: put it into quotes"),
    ("<<title", 2, "'<<title': unknown key"),
    ("<number>", 2, "'<number>': unknown key"),
    ("x" * 1000, 2, "xxx...: unknown key, got 'xxx"),
    ("model", {"kind": "diagonal", "u": [0.1] * 9000, "v": 0.0}, "model: has 45037 characters as"),
    ("model", "a\nb}", r"model: got 'a\nb}'; must be a block, `key: value` line by line"),
    ("snapshots", {"first": 2**31 - 1}, "first: got 2147483647; input should be less than or"),
    ("snapshots", {"evenly_spaced": 2**31 - 1}, "evenly_spaced: got 2147483647; input should be"),
]


@pytest.mark.parametrize(("key", "value", "says"), MISTAKES, ids=[says for *_, says in MISTAKES])
def test_one_line_at_once(tiny, key, value, says):
    tiny["experiments"]["first"][key] = value
    began = time.process_time()
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    line = str(caught.value)
    assert line.startswith("experiments.first.")
    assert says in line
    assert line.isprintable()
    assert len(line) < 500
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "path",
    [
        *("experiments.first.problem", "experiments.first.model", "experiments.first.measure"),
        *("experiments.first.runs.small", "sweeps.grid", "simulations.one", "figures.one"),
    ],
)
def test_every_block_that_a_command_holds_has_a_limit(path):
    raw = {"numbers": [0.1] * 6000}
    for key in reversed(path.split(".")):
        raw = {key: raw}
    with pytest.raises(ConfigError) as caught:
        config.load(raw)
    assert str(caught.value) == (
        f"{path}: has 30013 characters as JSON; at most 25000, for commands hold it"
    )


def test_thousands_of_mistakes_are_some_lines_and_their_number(tiny):
    tiny["experiments"]["first"]["model"] |= {f"k{index}": 0 for index in range(1000)}
    with pytest.raises(ConfigError) as caught:
        config.load(tiny)
    lines = str(caught.value).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "experiments.first.model: and 980 further mistakes"


def test_a_network_of_a_billion_layers(tiny):
    model = {"kind": "densenet", "depth": 2147483647, "growth_rate": 6}
    tiny["experiments"]["first"]["model"] = model
    with pytest.raises(ConfigError, match=r"model\.depth: got 2147483647; input should be"):
        config.load(tiny)


def test_many_batches_are_planned_in_linear_time(tiny, monkeypatch):
    monkeypatch.setattr("sparsestep.config.vectors.REPLICATES_PER_BATCH", 1)
    tiny["experiments"]["first"]["replicates"] = 10_000
    plan, began = Plan(tiny), time.process_time()
    assert len(plan.experiments.measurement_paths()) == 20_000
    # With the square of their number it took two minutes.
    assert time.process_time() - began < 20


def test_blocks_that_are_used_twice_are_no_mistake():
    block = {"a": [1, 2]}
    mistakes = Mistakes()
    limits.check({"x": block, "y": {"z": block}, "u": [block, block]}, mistakes)
    assert not mistakes


def said(path):
    with pytest.raises(ConfigError) as caught:
        config_file.check(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ": got nothing; must be a block, `key: value` line by line"),
        ("- a\n", ": got a list; must be a block, `key: value` line by line"),
        ("a: 1\n[b]: 2\n", ", line 2: a key must be text, not a block or a list"),
        ("a: 2024-13-45", ", line 1: got '2024-13-45', which is no valid timestamp"),
        (f"a: {'9' * 5000}", "..., which is no valid int: put it into quotes"),
        ("a: !!python/name:os.system", ", line 1: the tag '!!python/name:os.system' is not supp"),
        ("a: 1\n__use_yte__: true", ", line 2: templates (__use_yte__) are not supported"),
        ("a: &a {<<: *a}", ", line 1: merges (<<) itself"),
        (
            "a:\n  <<: 3\n",
            ", line 2: not valid YAML: expected a mapping or list of mappings for mer",
        ),
        ("a: 1\nb: =\n", ", line 2: not valid YAML: could not determine a constructor for the tag"),
        ("a: !!str [b]\n", ", line 1: not valid YAML: expected a scalar node, but found sequence"),
        ("a: " + "[" * 10_000, ": blocks and lists lie too deep inside each other"),
        (
            "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{x: *a{n - 1}}}\n" for n in range(1, 2000)),
            ", line 500: blocks and lists lie too deep inside each other",
        ),
        ("a: 1\nb: &b {x: *b}", ", line 2: this block or list is part of itself"),
        ("a: 1\nb: &b [1, [*b, *b]]", ", line 2: this block or list is part of itself"),
        # Of a block of several lines, the line where it begins.
        ("a: 1\nb: &b\n  x: 1\n  y: *b\nc: 2\n", ", line 2: this block or list is part of itself"),
        ("a: !x\n  b: 1\n  c: 2\n", ", line 1: the tag '!x' is not supported"),
        ("a: &a {b: {<<: *a}}", ", line 1: this block or list is part of itself"),
        ("b: 1\na: [1,\n  2\n", " (while parsing a flow sequence, from line 2)"),
        ('a: "\x07"', ": not valid YAML: unacceptable character #x0007"),
    ],
)
def test_files_that_snakemake_would_not_explain(tmp_path, text, says):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    line = said(path)
    assert line.startswith(str(path))
    assert says in line
    assert line.isprintable()


def test_blocks_in_themselves_end():
    with pytest.raises(ConfigError, match="is part of itself"):
        config.load({"experiments": endless()})


def test_a_config_that_is_no_file(tmp_path):
    assert said(tmp_path) == f"{tmp_path}: not a file"
    assert said(tmp_path / "x").endswith("cannot be read: No such file or directory")


def test_this_repositorys_config_is_plain():
    config_file.check(ROOT / "config.yaml")
