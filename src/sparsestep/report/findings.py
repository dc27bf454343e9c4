"""Findings: sentences about a figure whose numbers are computed when the report is made.

`workflow/report/findings/<figure>.rst` holds paragraphs of reST in which these calls stand for what
the last snapshots say, over the replicates that survived:

    {{ median("experiment", "run", "metric") }}    also `low` and `high`: 10th, 90th percentile
    {{ diverged("experiment", "run") }}            as "2 of 16"
    {{ share("experiment", "run", "metric") }}     replicates where it is not 0, as "1 of 16"

and these for what a sweep says at a point (`report/swept.py`), `edge` among its metrics:

    {{ swept("sweep", "metric", "algorithm.batch_size = 4") }}    also `swept_low`, `swept_high`
    {{ swept_diverged("sweep", "algorithm.batch_size = 4") }}     as "2 of 16"
    {{ exponent("sweep", "metric", "model.widths.0", "") }}       of a power law over a key, as
                                                  "-0.98 (-1.01 to -0.95)", with its 95 % interval

A paragraph that names an experiment, run, metric, sweep or point that config.yaml does not have
(any more) is left out. What cannot be computed from the end values says for which settings it was
seen:

    {% if as_seen("sweeps.diagonal_phases", "0123456789ab") %} ... {% endif %}

and is left out under any others. `python -m sparsestep.settings` prints the ids: that of
`experiments.<name>` is of all that decides the results, that of `runs.<name>` of the runs alone,
for what is true however often they are repeated and whatever is measured; further there are
`sweeps.<name>` and `simulations.<name>`. A condition may join several by `and`, `or` and `not`. A
text may contain nothing but these calls, on texts in quotes: there is no code to run in it.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sparsestep import metrics, registry
from sparsestep.errors import ConfigError
from sparsestep.fields import NAME_PATTERN
from sparsestep.mistakes import shown, suggest
from sparsestep.report import rest, swept
from sparsestep.report.swept import NotThereError

if TYPE_CHECKING:
    import pandas as pd

_ABOUT_METRICS = ("experiment", "run", "metric")
# What stands for a text, and what is a condition, with the texts that each takes.
FUNCTIONS = {
    **dict.fromkeys(("median", "low", "high", "share"), _ABOUT_METRICS),
    "diverged": _ABOUT_METRICS[:2],
    **swept.FUNCTIONS,
}
CONDITIONS = {"as_seen": ("name", "id")}
_QUANTILES = {"low": 0.1, "median": 0.5, "high": 0.9}
_SETTINGS = re.compile(rf"(experiments|runs|sweeps|simulations)\.{NAME_PATTERN}")
_ID = re.compile("[0-9a-f]{12}")


def checked_files(folder: str, figures: Iterable[str]) -> list[str]:
    """Files in this folder about these figures, those that are there and pass `check`."""
    paths = [path for name in figures if (path := Path(folder) / f"{name}.rst").is_file()]
    for path in paths:
        try:
            check(path.read_text("utf-8"), path)
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path}: not UTF-8 ({error.reason})") from None
    return list(map(str, paths))


def sweeps_in(paths: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Those of the `wanted` sweeps whose numbers are in these files, which have passed `check`."""
    named = set()
    for path in paths:
        for paragraph in paragraphs(Path(path).read_text("utf-8")):
            for call in _environment({}).parse(paragraph).find_all(nodes.Call):
                if call.node.name in swept.FUNCTIONS:
                    named.add(call.args[0].value)
    return [name for name in wanted if name in named]


def require_captions(paths: Iterable[str]) -> None:
    """Raise ConfigError where one of these texts of the report is not there.

    Snakemake takes a report whose inputs are missing for finished, if there is an old one.
    """
    for path in paths:
        if not Path(path).is_file():
            raise ConfigError(f"{path}: missing; the report needs it (docs/extending.md)")


def check(text: str, path: Path) -> None:
    """Raise ConfigError where a findings file holds anything but reST and the calls there are."""
    environment, trees = _environment({}), []
    for paragraph in paragraphs(text):
        try:
            trees.append(environment.parse(paragraph))
            mistakes = _mistakes(trees[-1])
        except jinja2.TemplateSyntaxError as error:
            raise ConfigError(f"{path}: {paragraph[:60]!r}: {error.message}") from None
        except RecursionError:
            raise ConfigError(f"{path}: {paragraph[:60]!r}: lies too deep") from None
        if mistakes:
            raise ConfigError(f"{path}: {mistakes[0]}")
    for sample in _samples_of(trees, "\n\n"):
        rest.check(sample, str(path))


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a findings file."""
    return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]


def render(
    text: str,
    summary: "pd.DataFrame",
    settings: dict[str, str],
    sweeps: "dict[str, pd.DataFrame] | None" = None,
) -> str:
    """The findings that hold something, as reST; empty where none is left.

    `summary` has the end values (experiment, run, replicate, metric, value); `settings` the ids of
    what config.yaml says, by `experiments.<name>`, of runs, replicates and measurements, and
    `runs.<name>`, of the runs alone; by `sweeps.<name>` and `simulations.<name>`. `sweeps` are the
    tables of those that the text names.
    """
    environment = _environment(_functions(summary, settings) | swept.functions(sweeps or {}))
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


def _mistakes(node: nodes.Node) -> list[str]:
    """What is wrong with a template, or a part of one that is no condition."""
    match node:
        case nodes.Template() | nodes.Output():
            return [text for part in node.iter_child_nodes() for text in _mistakes(part)]
        case nodes.If():
            parts = [*node.body, *node.elif_, *node.else_]
            inside = [text for part in parts for text in _mistakes(part)]
            return _mistakes_of_condition(node.test) + inside
        case nodes.TemplateData():
            return []
        case nodes.Call(node=nodes.Name(name=name)) if name in CONDITIONS:
            return [f"{name}() is a condition, for {{% if %}}; valid here: {', '.join(FUNCTIONS)}"]
    return _mistakes_of_call(node, FUNCTIONS)


def _mistakes_of_condition(node: nodes.Node) -> list[str]:
    match node:
        case nodes.And() | nodes.Or() | nodes.Not():
            return [
                text for part in node.iter_child_nodes() for text in _mistakes_of_condition(part)
            ]
        case nodes.Call(node=nodes.Name(name=name)) if name in FUNCTIONS:
            return [f"{name}() is no condition; valid: {', '.join(CONDITIONS)}"]
    return _mistakes_of_call(node, CONDITIONS)


def _mistakes_of_call(node: nodes.Node, functions: dict[str, tuple[str, ...]]) -> list[str]:
    """What is wrong with what should be a call of one of these."""
    valid = ", ".join(functions)
    if not isinstance(node, nodes.Call) or not isinstance(node.node, nodes.Name):
        what = type(node).__name__.lower()
        return [f"line {node.lineno} of its paragraph: {what} is not supported; valid: {valid}"]
    name = node.node.name
    if name not in functions:
        return [f"there is no {name}(); valid: {valid}"]
    given = [*node.args, *node.kwargs, *filter(None, (node.dyn_args, node.dyn_kwargs))]
    texts = [part.value for part in given if isinstance(part, nodes.Const)]
    asked = functions[name]
    if not len(given) == len(asked) == sum(isinstance(text, str) for text in texts):
        got = ", ".join(map(_written, given)) or "nothing"
        return [f"{name}() takes {len(asked)} texts in quotes ({', '.join(asked)}), got {got}"]
    return [f"{name}(): {text}" for text in map(_wrong, asked, texts) if text]


def _samples(node: nodes.Node) -> list[str]:
    """What a template may become, with a number for each call: every branch is in one of them."""
    match node:
        case nodes.TemplateData():
            return [node.data]
        case nodes.Call():
            return ["1"]
        case nodes.If():
            branches = (node.body, *([other] for other in node.elif_), node.else_)
            return [text for branch in branches for text in _samples_of(branch)]
    return _samples_of(node.iter_child_nodes())


def _samples_of(parts: Iterable[nodes.Node], between: str = "") -> list[str]:
    """The same of several behind each other; those with fewer samples repeat their last."""
    every = [_samples(part) for part in parts]
    most = max(map(len, every), default=1)
    return [between.join(of[min(at, len(of) - 1)] for of in every) for at in range(most)]


def _written(argument: nodes.Node) -> str:
    """An argument, for a message."""
    match argument:
        case nodes.Const():
            return shown(argument.value)
        case nodes.Keyword():
            return f"{argument.key}={_written(argument.value)}"
        case nodes.Call(node=nodes.Name(name=name)):
            return f"{name}(...)"
    return type(argument).__name__.lower()


def _wrong(what: str, text: str) -> str:
    """What is wrong with the text of an argument under any settings; empty where nothing."""
    if what == "metric" and metrics.find(text) is None:
        return f"there is no such metric{suggest(text, list(registry.METRICS))}"
    if what == "name" and not _SETTINGS.fullmatch(text):
        return f"got {shown(text)}; must be experiments., runs., sweeps. or simulations.<name>"
    if what == "id" and not _ID.fullmatch(text):
        return f"got {shown(text)}; must be an id, 12 digits from 0 to f"
    return swept.wrong(what, text)


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
