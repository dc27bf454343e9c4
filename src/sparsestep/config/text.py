"""Text of config.yaml: mistakes that Snakemake would not notice, or not locate.

Snakemake takes the last of two equal keys, follows tags and templates that run code, and shows a
traceback where a value cannot be built, is part of itself or is nested too deeply.
"""

import stat
from pathlib import Path
from typing import Any, NoReturn

import yaml

from sparsestep.errors import ConfigError
from sparsestep.mistakes import shown

_STANDARD = "tag:yaml.org,2002:"
_TAGS = {
    _STANDARD + kind
    for kind in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value")
}
_TOO_DEEP = "blocks and lists lie too deep inside each other"
# Levels that Snakemake, which calls itself for each, can put over another file's.
_LEVELS = 500
# Pairs that a block may get from the blocks that it merges, by `<<`.
_MERGED = 10_000


def check(path: str | Path) -> None:
    """Raise ConfigError, of one line with the line's number, where a YAML file is not plain data.

    That is: anything else than one block of keys, each there once, with values that can be built.
    """
    document = _composed(path)
    if not isinstance(document, yaml.MappingNode):
        got = shown(document.value) if isinstance(document, yaml.ScalarNode) else "a list"
        got = "nothing" if document is None else got
        raise ConfigError(f"{path}: got {got}; must be a block, `key: value` line by line")
    merged: dict[int, int] = {}
    seen, waiting = set(), [document]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            # An anchor's block is the same wherever it is used.
            continue
        seen.add(id(node))
        if node.tag not in _TAGS:
            _refuse(path, node, f"the tag {_short(node.tag)} is not supported; leave it out")
        if isinstance(node, yaml.MappingNode):
            _check_keys(path, node)
            _check_merged(path, node, merged, set())
        elif isinstance(node, yaml.ScalarNode):
            _check_scalar(path, node)
        waiting += _parts(node)
    _check_nesting(path, document)
    try:
        # As Snakemake will: a merge of what is no block, a tag on what it does not fit.
        yaml.FullLoader("").construct_document(document)
    except yaml.YAMLError as error:
        raise ConfigError(_yaml_mistake(path, error)) from None
    except RecursionError:
        raise ConfigError(f"{path}: {_TOO_DEEP}") from None


def _composed(path: str | Path) -> yaml.Node | None:
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise ConfigError(f"{path}: not a file")
        with open(path, encoding="utf-8") as file:
            return yaml.compose(file, Loader=yaml.SafeLoader)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except RecursionError:
        raise ConfigError(f"{path}: {_TOO_DEEP}") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise ConfigError(_yaml_mistake(path, error)) from None


def _parts(node: yaml.Node) -> list[yaml.Node]:
    """The nodes directly inside a block or list."""
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _check_nesting(path: str | Path, document: yaml.Node) -> None:
    """Refuse what anchors put inside itself or too deep: what reads the values follows them all."""
    depths: dict[int, int] = {}
    above: set[int] = set()
    waiting = [(document, False)]
    while waiting:
        node, done = waiting.pop()
        if done:
            above.remove(id(node))
            depths[id(node)] = 1 + max((depths[id(part)] for part in _parts(node)), default=0)
            if depths[id(node)] > _LEVELS:
                _refuse(path, node, _TOO_DEEP)
        elif id(node) in above:
            _refuse(path, node, "this block or list is part of itself (& and *); write it out")
        elif id(node) not in depths:
            above.add(id(node))
            waiting.append((node, True))
            waiting += [(part, False) for part in _parts(node)]


def _yaml_mistake(path: str | Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return f"{path}: not valid YAML: {_one_line(str(error))}"
    # What the parser was reading when it failed, and where that began, says more than where it was.
    start = getattr(error, "context_mark", None)
    context = f" ({error.context}, from line {start.line + 1})" if start else ""
    return f"{path}, line {mark.line + 1}: not valid YAML: {_one_line(error.problem + context)}"


def _check_keys(path: str | Path, node: yaml.MappingNode) -> None:
    seen = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            _refuse(path, key, "a key must be text, not a block or a list")
        if key.value in seen:
            _refuse(path, key, f"{shown(key.value)} is there twice")
        if key.value == "__use_yte__":
            _refuse(path, key, "templates (__use_yte__) are not supported; write the values")
        seen.add(key.value)


def _check_merged(path: str | Path, node: yaml.Node, known: dict[int, int], above: set[int]) -> int:
    """How many pairs a block has with those that it merges."""
    if id(node) in above or len(above) > 100:
        _refuse(path, node, "merges (<<) itself")
    if isinstance(node, yaml.SequenceNode):
        return sum(_check_merged(path, part, known, above) for part in node.value)
    if not isinstance(node, yaml.MappingNode):
        return 1
    if id(node) not in known:
        others = [value for key, value in node.value if key.tag == _STANDARD + "merge"]
        above = above | {id(node)}
        counts = [_check_merged(path, value, known, above) for value in others]
        known[id(node)] = len(node.value) + sum(counts)
        if others and known[id(node)] > _MERGED:
            _refuse(path, node, f"merges (<<) more than {_MERGED} keys")
    return known[id(node)]


def _check_scalar(path: str | Path, node: yaml.ScalarNode) -> None:
    if node.tag in (_STANDARD + "merge", _STANDARD + "value"):
        return
    try:
        yaml.SafeLoader("").construct_object(node)
    except (ValueError, OverflowError, LookupError, AttributeError, yaml.YAMLError):
        got, kind = shown(node.value), node.tag.removeprefix(_STANDARD)
        _refuse(path, node, f"got {got}, which is no valid {kind}: put it into quotes")


def _refuse(path: str | Path, node: yaml.Node, what: str) -> NoReturn:
    raise ConfigError(f"{path}, line {node.start_mark.line + 1}: {what}")


def _short(tag: str) -> str:
    return shown(tag.replace(_STANDARD, "!!"))


def _one_line(text: Any) -> str:
    # What YAML quotes may be anything.
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(str(text).split()))
