"""Metrics in words and on axes: label, scale, per cent or not.

A column of a table of measurements is a metric, maybe of a layer or block, maybe at a further
threshold: `feature_sparsity_layer2@0.95`. `registry.METRICS` has them all; a measurement of a
column that is not there is refused before the first job (`config/compatibility.py`).
"""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from sparsestep import registry

# What drawings show beside the columns that a figure names.
OF_ALL_FIGURES = ("train_loss", "diverged", "dead")
_PART = r"_(?:(?P<part>layer|block)(?P<number>[1-9]\d*)|(?P<last>last))"
_AT = r"@(?P<at>\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
_PARTS = re.compile(rf"(?P<name>.+?)(?:{_PART})?(?:{_AT})?", re.ASCII)


class Metric(NamedTuple):
    """How a metric is told.

    Attributes:
        words: a noun phrase.
        scale: of its axis; "per cent" is a linear one of a share in [0, 1], which tables hold.
        symbol: what stands on its axis, in TeX, where that is not `words`.
    """

    words: str
    scale: Literal["linear", "log", "per cent"]
    symbol: str = ""

    @property
    def label(self) -> str:
        """Label of its axis."""
        return f"{self.words} [%]" if self.per_cent else self.symbol or self.words

    @property
    def per_cent(self) -> bool:
        """Whether its shares are shown in per cent."""
        return self.scale == "per cent"


def describe_all(columns: Iterable[str]) -> dict[str, list[str]]:
    """How each of these columns is told, for the spec of a job that tells it.

    The registry is no part of a job's code, so that a new metric re-runs nothing.
    """
    return {name: list(describe(name)) for name in sorted(set(columns))}


def find(column: str) -> Metric | None:
    """The metric of a column, with its layer or block and its threshold told; None: there is none.

    A name that stands in the table as it is comes first: it may end in `_last` itself.
    """
    if column in registry.METRICS:
        return Metric(*registry.METRICS[column])
    parts = _PARTS.fullmatch(column)
    if parts is None or parts["name"] not in registry.METRICS:
        return None
    metric = Metric(*registry.METRICS[parts["name"]])
    part, number, last, at = parts.group("part", "number", "last", "at")
    if part or last:
        told = f"{metric.words}, {'last block' if last else f'{part} {number}'}"
        metric = metric._replace(words=told)
    if at:
        threshold = f" (threshold {at})"
        symbol = metric.symbol and metric.symbol + threshold
        metric = metric._replace(words=metric.words + threshold, symbol=symbol)
    return metric


def base(column: str) -> str | None:
    """Name in `registry.METRICS` of a column's metric, without its part and threshold; or None."""
    if column in registry.METRICS:
        return column
    parts = _PARTS.fullmatch(column)
    return parts["name"] if parts and parts["name"] in registry.METRICS else None


def describe(column: str) -> Metric:
    """The metric of a column; raises KeyError where there is none."""
    metric = find(column)
    if metric is None:
        raise KeyError(column)
    return metric
