"""Numbers of sweeps in findings: values at a point, exponents along a key.

A point is a text, `key = value; key = value`, that leaves one value of every key of the sweep:
those with a single value need not be named.
"""

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from sparsestep.fields import NAME_PATTERN
from sparsestep.mistakes import shown

if TYPE_CHECKING:
    import pandas as pd

_AT_POINT = ("sweep", "metric", "point")
# What stands for a text in findings, with the texts that each takes.
FUNCTIONS = {
    **dict.fromkeys(("swept", "swept_low", "swept_high"), _AT_POINT),
    "swept_diverged": ("sweep", "point"),
    "exponent": ("sweep", "metric", "key", "point"),
}
_QUANTILES = {"swept_low": 0.1, "swept": 0.5, "swept_high": 0.9}
_MINUS = "\N{MINUS SIGN}"


class NotThereError(Exception):
    """Names what a finding asks for and config.yaml does not have."""


def wrong(what: str, text: str) -> str:
    """What is wrong with the text of an argument under any settings; empty where nothing."""
    if what == "sweep" and not re.fullmatch(NAME_PATTERN, text):
        return f"got {shown(text)}; must be the name of a sweep"
    if what == "key" and not text.strip():
        return "got ''; must be a key of the sweep"
    if what == "point":
        for part in filter(None, map(str.strip, text.split(";"))):
            key, equals, value = part.partition("=")
            if not (key.strip() and equals and value.strip()):
                return f"got {shown(part)}; must be `key = value`, several with ; between them"
    return ""


def functions(sweeps: "dict[str, pd.DataFrame]") -> dict[str, Callable[..., str]]:
    """What the calls in findings say of the tables of these sweeps."""
    # Slow to import, and findings are checked whenever Snakemake starts.
    from sparsestep.claims.words import value_text
    from sparsestep.measures import power_law

    def at(sweep: str, point: str, *columns: str) -> "pd.DataFrame":
        if sweep not in sweeps or not {*columns} <= {*sweeps[sweep]}:
            raise NotThereError(f"{sweep}, {', '.join(columns)}")
        return _at_point(sweeps[sweep], point, columns)

    def quantile(share: float) -> Callable[[str, str, str], str]:
        def told(sweep: str, metric: str, point: str) -> str:
            of = at(sweep, point, metric)[metric]
            return value_text(of[of.map(math.isfinite)].quantile(share), metric)

        return told

    def diverged(sweep: str, point: str) -> str:
        of = at(sweep, point)["diverged_at"]
        return f"{(of >= 0).sum()} of {len(of)}"

    def exponent(sweep: str, metric: str, key: str, point: str) -> str:
        of = at(sweep, point, metric, key)
        if of[key].dtype.kind not in "if" or of[key].min() <= 0:
            raise NotThereError(f"{sweep}, {key}: numbers above 0")
        found = power_law.fit(of.pivot(index=key, columns="replicate", values=metric))
        if math.isnan(found.exponent):
            raise NotThereError(f"{sweep}, {metric}: no power law over {key}")
        ends = "" if math.isnan(found.low) else f" ({found.low:.2f} to {found.high:.2f})"
        return f"{found.exponent:.2f}{ends}".replace("-", _MINUS)

    quantiles = {name: quantile(share) for name, share in _QUANTILES.items()}
    return {**quantiles, "swept_diverged": diverged, "exponent": exponent}


def _at_point(table: "pd.DataFrame", point: str, left: tuple[str, ...]) -> "pd.DataFrame":
    """The rows at a point; keys that are `left` may have several values."""
    keys = list(table.columns[: table.columns.get_loc("replicate")])
    asked = dict(part.split("=", 1) for part in point.split(";") if part.strip())
    for key, value in ((key.strip(), value.strip()) for key, value in asked.items()):
        if key not in keys:
            raise NotThereError(key)
        table = table[[_is(other, value) for other in table[key]]]
    if table.empty or any(table[key].nunique() > 1 for key in keys if key not in left):
        raise NotThereError(point)
    return table


def _is(value: float | str, text: str) -> bool:
    if isinstance(value, str):
        return value == text
    try:
        return math.isclose(value, float(text), rel_tol=1e-9)
    except ValueError:
        return False
