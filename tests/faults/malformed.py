"""Configs and YAML texts that went wrong: what hypothesis puts where, and how a refusal reads."""

import contextlib
import copy
import datetime
import math
import re
from typing import Any

from hypothesis import strategies as st

from sparsestep import registry
from sparsestep.config.blocks import Config
from sparsestep.mistakes import dotted


def nested(depth: int, kind: type) -> Any:
    """Lists or blocks inside each other."""
    value: Any = 1
    for _ in range(depth):
        value = [value] if kind is list else {"a": value}
    return value


def doubling(levels: int) -> list:
    """ "Billion laughs": 2^levels values, few in memory, as anchors in YAML make them."""
    value: list = ["ha"] * 2
    for _ in range(levels):
        value = [value, value]
    return value


def endless() -> dict:
    """A block that contains itself, as `&a {a: *a}` does."""
    value: dict = {}
    value["a"] = value
    return value


NUMBERS = [0, -1, 1, 2, 0.5, 1.5, -0.0, 1e-320, 1e-5, 2.0**31, 2**31 - 1, 2**31, 2**32, 2**63]
NUMBERS += [1e16, 1e308, -1e308, 10**400, -(10**400), math.nan, math.inf, -math.inf]
TEXTS = ["", " ", "1e-5", "1e400", "nan", "inf", "-inf", "yes", "on", "~", "null", "=", "<<"]
TEXTS += ["0x1f", "1_000", "1:30", "2024-01-01", "１２", "½", "{x}", "{}", "{{", "%s", "$HOME"]
TEXTS += ["`id`", "a;b", "\u202eabc", "a\u200bb", "\x00", "a\x00b", "\ud800", "😀", "e\u0301"]
TEXTS += ["\n", "a\nb", "\r", "\x1b[31m", "a/b", "/etc/passwd", "..", "../..", ".", "-rf"]
TEXTS += ["--help", "a b", "a.b", "*", "\\", "'", '"', "x" * 61, "x" * 100_000, "ß" * 300]
TEXTS += ["\u2028", "\ufeff", "\ufdd0", "class", "all", "figures"]
OTHERS: list[Any] = [None, True, False, [], {}, [[]], [None], {"": None}, {None: None}, {1: 2}]
OTHERS += [{True: 1}, {(1, 2): 3}, {"kind": None}, {"kind": []}, {"kind": {}}, {"kind": "x"}]
OTHERS += [{"of_edge": 0.5}, {"of_edge": {}}, b"bytes", {1, 2}, (1, 2), datetime.date(2024, 1, 1)]
OTHERS += [datetime.datetime(2024, 1, 1), 1j, print, [0.1] * 1000]
LARGE = [
    ("10^5000, which Python will not write", lambda: 10**5000),
    ("a list 10000 deep", lambda: nested(10_000, list)),
    ("a block 10000 deep", lambda: nested(10_000, dict)),
    ("2^60 values", lambda: doubling(60)),
    ("a block in itself", endless),
    ("a list of 10^5", lambda: list(range(100_000))),
    ("a block of 10^4", lambda: {f"k{index}": index for index in range(10_000)}),
]
NAMES = [name for name in TEXTS if name != "x"] + ["A", "Ä", "1", "-", "a-", "kind", "experiments"]
NAMES += ["train_run", "draw_training_curves", "tabulate_quadratic", "measurements", "simulations"]

values = st.one_of(
    st.sampled_from(NUMBERS),
    st.sampled_from(TEXTS),
    st.sampled_from(OTHERS),
    st.sampled_from(LARGE),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
)
names = st.one_of(
    st.sampled_from(NAMES), st.text(max_size=20), st.sampled_from([None, 1, 0.5, True])
)


def paths(config: Any, at: tuple = ()) -> list[tuple]:
    """Where something stands in a config, blocks and lists themselves included."""
    found = [at] if at else []
    if isinstance(config, dict):
        parts = config.items()
    elif isinstance(config, list):
        parts = enumerate(config)
    else:
        return found
    return found + [path for key, value in parts for path in paths(value, (*at, key))]


def mutations(config: dict) -> st.SearchStrategy:
    """One to three changes of a config: (place, what is done, with what)."""
    places = paths(config)
    numbers = [p for p in places if type(_at(config, p)) in (int, float)]
    kinds = [p for p in places if p[-1] == "kind"]
    known = sorted({_at(config, p) for p in kinds} | set(registry.kinds("measure")))
    place = st.sampled_from(places)
    change = st.one_of(
        st.tuples(place, st.just("put"), values),
        st.tuples(place, st.just("delete"), st.none()),
        st.tuples(place, st.just("add"), st.tuples(names, values)),
        st.tuples(place, st.just("rename"), names),
        st.tuples(place, st.just("wrap"), st.none()),
        st.tuples(place, st.just("copy"), place),
        # Nearer to what is valid.
        st.tuples(st.sampled_from(numbers), st.just("put"), st.sampled_from(NUMBERS)),
        st.tuples(st.sampled_from(numbers), st.just("put"), st.integers(1, 2**31)),
        st.tuples(st.sampled_from(kinds), st.just("put"), st.sampled_from(known)),
        place.flatmap(lambda at: st.tuples(st.just(at), st.just("copy"), _alike(places, at))),
    )
    return st.lists(change, min_size=1, max_size=3)


def _alike(places: list[tuple], at: tuple) -> st.SearchStrategy:
    """Places with the same key, such as the model of another experiment."""
    return st.sampled_from([place for place in places if place[-1] == at[-1]])


def mutated(config: dict, changes: list[tuple]) -> dict:
    """A copy with the changes made, as far as their places are still there."""
    config = copy.deepcopy(config)
    for place, what, value in changes:
        block = _at(config, place[:-1])
        if not isinstance(block, dict | list) or _at(block, place[-1:]) is _NOTHING:
            continue
        _change(config, block, place[-1], what, value)
    return config


def _change(config: dict, block: Any, key: Any, what: str, value: Any) -> None:
    if what == "put":
        block[key] = _made(value)
    elif what == "delete":
        del block[key]
    elif what == "wrap":
        block[key] = [block[key]]
    elif what == "copy" and (there := _at(config, value)) is not _NOTHING:
        # A block 10000 deep, put there by a change before, stays where it is.
        with contextlib.suppress(RecursionError):
            block[key] = copy.deepcopy(there)
    elif what == "add" and isinstance(block, dict):
        block[value[0]] = _made(value[1])
    elif what == "rename" and isinstance(block, dict):
        block[value] = block.pop(key)


_NOTHING = object()


def _at(config: Any, place: tuple) -> Any:
    for key in place:
        try:
            config = config[key]
        except (KeyError, IndexError, TypeError):
            return _NOTHING
    return config


def _made(value: Any) -> Any:
    # Large values are named, so that hypothesis can print the example that failed.
    if isinstance(value, tuple) and value in LARGE:
        return value[1]()
    return copy.copy(value)


def leads_there(line: str, config: Any) -> bool:
    """Whether a line begins with a key's path that leads into this config, and then a colon.

    The last three parts may be missing there: blocks and keys that should be in it.
    """
    if line.startswith("config.yaml: "):
        return True
    known = dict.fromkeys(Config.model_fields) | (config if isinstance(config, dict) else {})
    heads = [key for key in known if _head(line, key)]
    return any(_follow(line[len(dotted((key,))) :], known[key]) for key in heads)


def _head(text: str, key: Any) -> bool:
    name = dotted((key,))
    return text.startswith(name) and text[len(name) : len(name) + 1] in (":", ".")


def _follow(rest: str, config: Any) -> bool:
    if rest.startswith(": "):
        return True
    if isinstance(config, dict):
        parts = config
    elif isinstance(config, list | tuple):
        parts = dict(enumerate(config))
    else:
        parts = {}
    text = rest.removeprefix(".")
    followed = any(
        _follow(text[len(dotted((key,))) :], value)
        for key, value in parts.items()
        if _head(text, key)
    )
    # A key that is a path itself, as in `over:`, is quoted.
    return followed or re.match(r"(\.(\w+|'[\w.]+')){1,3}: ", rest) is not None
