"""Published end values, of a single seed, beside those of our replicates.

A published value p is known to an uncertainty u: 0.2 % of it where it was read off a figure, half a
unit of its third digit where it stands in a text or notebook. Our replicates' values are those at
the last snapshot, of the replicates that survive and have one. The verdict is

- `equal`: replicate 0, which has the published seeds, is p to three digits: the distance is at most
  half a unit of the third digit of p, and 0.2 % of p more where it was read off a figure;
- `within`: p lies between the smallest and the largest value, u beyond them at most;
- `outside`: it does not, and config.yaml says why: where the reason is shown by other replicates,
  these must enclose p in the same way, or the verdict is
- `open`: no reason is known;
- `no survivor`: there is nothing to compare it with.
"""

import math
from typing import Any

import numpy as np
import pandas as pd

from sparsestep.artifacts.tables import last_snapshots

COLUMNS = (
    *("figure", "source", "experiment", "run", "metric", "published"),
    *("replicate_0", "replicate_0_diverged_at", "replicates", "survivors"),
    *("median", "low", "high", "min", "max", "verdict", "within_80", "reason"),
)
VERDICTS = ("equal", "within", "outside", "open", "no survivor")
# Those of values that our replicates agree with.
INSIDE = ("equal", "within")
READ_OFF = 0.002
_PERCENTILES = (10, 50, 90)


def compare(tables: dict[str, pd.DataFrame], published: list[dict[str, Any]]) -> pd.DataFrame:
    """One row, `COLUMNS`, for each published value.

    `tables` holds the measurements of each experiment, with a column `run`; `published` lists
    `figure`, `source`, `experiment`, `values` (run, metric, value) and `outside` (`run`, `metrics`,
    `reason`, `shown_by`: None or `experiment` and `run`). replicate_0: its value, NaN where it
    diverged, at the iteration replicate_0_diverged_at (NaN: it did not); survivors: replicates with
    a value, over which are median, low (10 %), high (90 %), min, max; within_80: 1 where p lies
    between low and high, to its uncertainty, else 0; reason: of `outside`, or why it was dropped.
    """
    last = {name: last_snapshots(table) for name, table in tables.items()}
    rows = []
    for block in published:
        for run, metric, value in block["values"]:
            about = {key: block[key] for key in ("figure", "source", "experiment")}
            about |= {"run": run, "metric": metric, "published": value}
            of_run = _of_run(last[block["experiment"]], run)
            rows.append(about | _beside(of_run, metric, value, block["source"]))
            if rows[-1]["verdict"] == "open":
                rows[-1] |= _explained(block, run, metric, value, last)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def uncertainty(value: float, source: str) -> float:
    """How far a published value may be off, in its own units."""
    return READ_OFF * abs(value) if source == "digitised" else _half_a_third_digit(value)


def to_three_digits(value: float, published: float, source: str) -> bool:
    """Whether a value is the published one to three digits."""
    slack = _half_a_third_digit(published)
    if source == "digitised":
        slack += uncertainty(published, source)
    return abs(value - published) <= slack


def _half_a_third_digit(value: float) -> float:
    return 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - 2) if value else 0.0


def _of_run(last: pd.DataFrame, run: str) -> pd.DataFrame:
    return last[last["run"] == run].set_index("replicate")


def _beside(of_run: pd.DataFrame, metric: str, published: float, source: str) -> dict[str, Any]:
    """What stands beside a published value; `open` where it is outside."""
    values = of_run[metric].dropna()
    first, fate = of_run[metric].get(0, np.nan), of_run["diverged_at"].get(0, -1)
    found = {
        "replicate_0": first,
        "replicate_0_diverged_at": fate if fate >= 0 else np.nan,
        "replicates": len(of_run),
        "survivors": len(values),
        "verdict": "no survivor",
        "within_80": 0,
        "reason": "",
    }
    if values.empty:
        return found
    slack = uncertainty(published, source)
    low, median, high = np.percentile(values, _PERCENTILES)
    found |= {"median": median, "low": low, "high": high}
    found |= {"min": values.min(), "max": values.max()}
    found["within_80"] = int(low - slack <= published <= high + slack)
    if to_three_digits(first, published, source):
        return found | {"verdict": "equal"}
    inside = _enclose(values, published, slack)
    return found | {"verdict": "within" if inside else "open"}


def _enclose(values: pd.Series, published: float, slack: float) -> bool:
    return bool(values.min() - slack <= published <= values.max() + slack)


def _explained(
    block: dict[str, Any], run: str, metric: str, value: float, last: dict[str, pd.DataFrame]
) -> dict[str, str]:
    """Verdict and reason of a value that lies outside; nothing where config.yaml says none."""
    for entry in block["outside"]:
        if entry["run"] != run or metric not in entry["metrics"]:
            continue
        other, reason = entry["shown_by"], entry["reason"]
        if other is None:
            return {"verdict": "outside", "reason": reason}
        name = f"{other['experiment']} {other['run']}"
        if other["experiment"] not in last:
            return {"reason": f"not shown: {other['experiment']} is not computed ({reason})"}
        values = _of_run(last[other["experiment"]], other["run"])[metric].dropna()
        if values.empty:
            return {"reason": f"not shown: of {name} nothing survives ({reason})"}
        ends = f"{name}: {values.min():.3g} to {values.max():.3g} of {len(values)}"
        if _enclose(values, value, uncertainty(value, block["source"])):
            return {"verdict": "outside", "reason": f"{reason} ({ends})"}
        return {"reason": f"not shown by {ends} ({reason})"}
    return {}
