"""Published values beside verdicts: what the paper's figures end with in the runs compared."""

from typing import Any

import numpy as np
import pandas as pd

# Behind `claims.verdicts.COLUMNS`.
COLUMNS = ("published_a", "published_b", "published_effect")
# Claims that compare two runs by a metric at the last snapshot.
_OF_END_VALUES = ("better", "sparser", "agrees")


def add(claims: pd.DataFrame, experiments: list[dict[str, Any]]) -> pd.DataFrame:
    """The verdicts with three more columns: the metric's published end values, and their effect.

    `experiments` lists `name` and, where there are some, `published` values by run and metric. The
    effect is b - a or b / a, as `effect_kind` says. NaN where a value is not published, and in
    rows of claims that do not compare end values.
    """
    known = {of["name"]: of.get("published", {}) for of in experiments}
    rows = [_of_row(row, known.get(row["experiment"], {})) for _, row in claims.iterrows()]
    found = pd.DataFrame(rows, columns=list(COLUMNS), index=claims.index, dtype=float)
    return pd.concat([claims, found], axis=1)


def _of_row(row: pd.Series, published: dict[str, dict[str, float]]) -> tuple[float, float, float]:
    if row["claim"] not in _OF_END_VALUES:
        return np.nan, np.nan, np.nan
    a, b = (published.get(row[run], {}).get(row["metric"], np.nan) for run in ("run_a", "run_b"))
    if row["effect_kind"] == "difference":
        return a, b, b - a
    return a, b, b / a if a else np.nan
