"""Findings: sentences about a figure whose numbers are computed when the report is made.

`workflow/report/findings/<figure>.rst` holds paragraphs of reST in which these calls stand for what
the last snapshots say, over the replicates that survived:

    {{ median("experiment", "run", "metric") }}    also `low` and `high`: 10th, 90th percentile
    {{ diverged("experiment", "run") }}            as "2 of 16"
    {{ share("experiment", "run", "metric") }}     replicates where it is not 0, as "1 of 16"

A paragraph that names an experiment, run, or metric that config.yaml does not have (any more) is
left out. What cannot be computed from the end values says for which settings it was seen:

    {% if as_seen("sweeps.diagonal_phases", "0123456789ab") %} ... {% endif %}

and is left out under any others (`python -m sparsestep.settings` prints the ids; of
`experiments.<name>`, or of `runs.<name>`, whatever is measured and however often). A text may
contain nothing but these calls, on texts and numbers written out: there is no code to run in it.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sparsestep.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

# By name: how many texts each takes.
FUNCTIONS = {"median": 3, "low": 3, "high": 3, "diverged": 2, "share": 3, "as_seen": 2}
_QUANTILES = {"low": 0.1, "median": 0.5, "high": 0.9}
_ALLOWED = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Not)
_ALLOWED += (nodes.And, nodes.Or, nodes.Const)


class NotThereError(Exception):
    """Names what a finding asks for and config.yaml does not have."""


def checked_files(folder: str, figures: Iterable[str]) -> list[str]:
    """Files in this folder about these figures, those that are there and pass `check`."""
    paths = [path for name in figures if (path := Path(folder) / f"{name}.rst").is_file()]
    for path in paths:
        try:
            check(path.read_text("utf-8"), path)
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path}: not UTF-8 ({error.reason})") from None
    return list(map(str, paths))


def require_captions(paths: Iterable[str]) -> None:
    """Raise ConfigError where one of these texts of the report is not there.

    Snakemake takes a report whose inputs are missing for finished, if there is an old one.
    """
    for path in paths:
        if not Path(path).is_file():
            raise ConfigError(f"{path}: missing; the report needs it (docs/extending.md)")


def check(text: str, path: Path) -> None:
    """Raise ConfigError where a findings file holds anything but the calls there are."""
    environment = _environment({})
    for paragraph in paragraphs(text):
        try:
            tree = environment.parse(paragraph)
        except jinja2.TemplateSyntaxError as error:
            raise ConfigError(f"{path}: {paragraph[:60]!r}: {error.message}") from None
        for node in _nodes(tree):
            if mistake := _mistake(node):
                raise ConfigError(f"{path}: {mistake}")


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a findings file."""
    return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]


def render(text: str, summary: "pd.DataFrame", settings: dict[str, str]) -> str:
    """The findings that hold something, as reST; empty where none is left.

    `summary` has the end values (experiment, run, replicate, metric, value); `settings` the ids of
    what config.yaml says, by `experiments.<name>`, `sweeps.<name>`, `simulations.<name>`.
    """
    environment = _environment(_functions(summary, settings))
    found = []
    for paragraph in paragraphs(text):
        try:
            found.append(environment.from_string(paragraph).render().strip())
        except NotThereError:
            continue
    return "\n\n".join(filter(None, found))


def _environment(functions: dict[str, Callable]) -> jinja2.Environment:
    environment = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    environment.globals = functions
    return environment


def _nodes(tree: nodes.Node) -> list[nodes.Node]:
    """The nodes that are not part of a call, and the calls."""
    found = []
    for child in tree.iter_child_nodes():
        found.append(child)
        if not isinstance(child, nodes.Call):
            found += _nodes(child)
    return found


def _mistake(node: nodes.Node) -> str:
    """What is wrong with a part of a template; empty where nothing is."""
    if isinstance(node, _ALLOWED):
        return ""
    valid = ", ".join(FUNCTIONS)
    if not isinstance(node, nodes.Call) or not isinstance(node.node, nodes.Name):
        what = type(node).__name__.lower()
        return f"line {node.lineno} of its paragraph: {what} is not supported; valid: {valid}"
    name = node.node.name
    if name not in FUNCTIONS:
        return f"there is no {name}(); valid: {valid}"
    texts = [part.value for part in node.args if isinstance(part, nodes.Const)]
    plain = not (node.kwargs or node.dyn_args or node.dyn_kwargs)
    if plain and len(node.args) == FUNCTIONS[name] == sum(isinstance(t, str) for t in texts):
        return ""
    return f"{name}() takes {FUNCTIONS[name]} texts in quotes"


def _functions(summary: "pd.DataFrame", settings: dict[str, str]) -> dict[str, Callable]:
    # pandas is slow to import, and `check` runs whenever Snakemake starts.
    from sparsestep.claims.words import value_text

    values = dict(list(summary.groupby(["experiment", "run", "metric"], sort=False)["value"]))

    def of(experiment: str, run: str, metric: str) -> "pd.Series":
        if (experiment, run, metric) not in values:
            raise NotThereError(f"{experiment}, {run}, {metric}")
        return values[experiment, run, metric]

    def quantile(share: float) -> Callable[[str, str, str], str]:
        return lambda *names: value_text(of(*names).dropna().quantile(share), names[2])

    def share(experiment: str, run: str, metric: str) -> str:
        known = of(experiment, run, metric).dropna()
        return f"{(known != 0).sum()} of {len(known)}"

    def as_seen(name: str, seen: str) -> bool:
        return settings.get(name) == seen

    return {
        **{name: quantile(at) for name, at in _QUANTILES.items()},
        "diverged": lambda experiment, run: share(experiment, run, "diverged"),
        "share": share,
        "as_seen": as_seen,
    }
