"""Divergence and chaos of every run: probabilities with intervals, Lyapunov times."""

from typing import Any

import numpy as np
import pandas as pd

from sparsestep.measures import separation, shares

COLUMNS = (
    *("experiment", "run", "perturbation", "replicates", "diverged"),
    *("share", "low", "high", "lyapunov_time"),
)


def tabulate(
    tables: dict[str, pd.DataFrame], perturbed: dict[str, dict[str, dict[str, Any]]]
) -> pd.DataFrame:
    """One row, `COLUMNS`, for each experiment and run.

    `tables` holds the measurements of each experiment, with a column `run`; `perturbed`, by
    experiment and run, the `size` of the perturbation of the starts, and whether the replicates are
    `copies` that differ in nothing else. replicates: those counted (`shares.drawn_by_chance`);
    diverged: how many of them; share: that over replicates; low, high: its exact 95 % interval.
    lyapunov_time: of copies, the number of iterations in which their separation from replicate 0
    grows by a factor of e (`separation.growth`); NaN where it does not.
    """
    rows = []
    for experiment, table in tables.items():
        for run, of_run in table.groupby("run", sort=False):
            about = perturbed.get(experiment, {}).get(run, {"size": 0.0, "copies": False})
            rows.append({"experiment": experiment, "run": run, **_row(of_run, about)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def shown(divergence: pd.DataFrame) -> dict[str, Any]:
    """Header and rows of the report's table: the runs in which replicates diverge, and the copies.

    Of what diverges nowhere and is not repeated, there is nothing to say.
    """
    wanted = divergence[(divergence["diverged"] > 0) | (divergence["perturbation"] > 0)]
    header = [
        "run",
        "experiment",
        "perturbed by",
        "diverged",
        "share",
        "95 % interval",
        "Lyapunov time",
    ]
    rows = [
        [
            row.run,
            row.experiment,
            f"{row.perturbation:g}" if row.perturbation else "-",
            f"{row.diverged} of {row.replicates}",
            f"{row.share:.3f}",
            f"{row.low:.3f} to {row.high:.3f}",
            f"{row.lyapunov_time:.3g}" if np.isfinite(row.lyapunov_time) else "-",
        ]
        for row in wanted.itertuples()
    ]
    return {"header": header, "rows": rows}


def _row(of_run: pd.DataFrame, about: dict[str, Any]) -> dict[str, Any]:
    counted = shares.drawn_by_chance(of_run, about["size"] > 0)
    fates = counted.groupby("replicate")["diverged_at"].first()
    diverged, count = int((fates >= 0).sum()), len(fates)
    low, high = shares.exact_interval(diverged, count)
    return {
        "perturbation": about["size"],
        "replicates": count,
        "diverged": diverged,
        "share": diverged / count if count else np.nan,
        "low": low,
        "high": high,
        "lyapunov_time": _lyapunov_time(of_run) if about["copies"] else np.nan,
    }


def _lyapunov_time(of_run: pd.DataFrame) -> float:
    # Without replicate 0, in a table of some of them, there is nothing to compare with.
    if separation.METRIC not in of_run or 0 not in set(of_run["replicate"]):
        return np.nan
    return separation.growth(separation.separations(of_run)).time
