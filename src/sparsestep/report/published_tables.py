"""Published values beside ours as tables of the page."""

from typing import Any

import pandas as pd

from sparsestep import metrics
from sparsestep.report.published import INSIDE, VERDICTS

_HEADER = (
    *("run", "metric", "published", "replicate 0", "median (10 %, 90 %)", "smallest to largest"),
    *("survivors", "verdict"),
)


def counted(found: pd.DataFrame) -> dict[str, Any]:
    """Header and rows of a table: of the values of each source, how many have which verdict."""
    names = ("inside, and within 10 to 90 %", *VERDICTS)
    rows = []
    for source, of_source in found.groupby("source", sort=False):
        verdicts = of_source["verdict"]
        inside = verdicts.isin(INSIDE)
        numbers = [len(of_source), inside.sum(), (inside & (of_source["within_80"] == 1)).sum()]
        numbers += [(verdicts == name).sum() for name in VERDICTS]
        rows.append([source, *map(int, numbers)])
    return {"header": ["source", "values", "inside", *names], "rows": rows}


def not_inside(found: pd.DataFrame) -> list[str]:
    """A sentence for each value that none of our replicates encloses: what it is, and why."""
    outside = found[~found["verdict"].isin(INSIDE)]
    return [
        f"{row['figure']}, {row['experiment']} {row['run']}, {row['metric']}: published "
        f"{_told(row['published'], row['metric'])}, {_ours(row)}; "
        f"{row['reason'] if row['verdict'] == 'outside' else _open(row)}"
        for row in _rows(outside)
    ]


def by_figure(found: pd.DataFrame) -> list[dict[str, Any]]:
    """A table for each figure of the paper and experiment of ours: title, header, rows."""
    tables = []
    for (figure, experiment), rows in found.groupby(["figure", "experiment"], sort=False):
        cells = [_cells(row) for row in _rows(rows)]
        tables.append({"title": f"{figure}: {experiment}", "header": list(_HEADER), "rows": cells})
    return tables


def _rows(found: pd.DataFrame) -> list[dict[str, Any]]:
    # A reason that is empty is read back as NaN.
    return found.fillna({"reason": ""}).to_dict("records")


def _cells(row: dict[str, Any]) -> list[str]:
    metric = row["metric"]
    name = f"{metric} [%]" if metrics.describe(metric).per_cent else metric
    first = _told(row["replicate_0"], metric)
    if row["replicate_0_diverged_at"] >= 0:
        first = f"diverged at {row['replicate_0_diverged_at']:.0f}"
    median, low, high, least, most = (
        _told(row[key], metric) for key in ("median", "low", "high", "min", "max")
    )
    survivors = f"{row['survivors']} of {row['replicates']}"
    cells = [row["run"], name, _told(row["published"], metric), first, f"{median} ({low}, {high})"]
    return [*cells, f"{least} to {most}", survivors, row["verdict"]]


def _told(value: float, metric: str) -> str:
    """Three digits, a share that figures show in per cent in per cent."""
    if pd.isna(value):
        return "-"
    return f"{value * (100 if metrics.describe(metric).per_cent else 1):.3g}"


def _ours(row: dict[str, Any]) -> str:
    if not row["survivors"]:
        return "ours: no survivor"
    least, most = (_told(row[key], row["metric"]) for key in ("min", "max"))
    return f"ours {least} to {most} of {row['survivors']}"


def _open(row: dict[str, Any]) -> str:
    return f"open, {row['reason']}" if row["reason"] else "open"
