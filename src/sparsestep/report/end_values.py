"""End values: one row per experiment, run, replicate and metric."""

import pandas as pd

from sparsestep.artifacts.tables import KEYS, last_snapshots

_KEYS = ["experiment", "run", "replicate"]


def summarise(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Tidy table (experiment, run, replicate, metric, value) of the last snapshot's values.

    `tables` holds the measurements of each experiment, with a column `run`. Metric `diverged` is 1
    for a replicate that diverged, else 0; `diverged_at` is the iteration at which it did (NaN: it
    survived). The other metrics of a diverged replicate are NaN.
    """
    return pd.concat([_tidy(name, table) for name, table in tables.items()], ignore_index=True)


def _tidy(experiment: str, table: pd.DataFrame) -> pd.DataFrame:
    last = last_snapshots(table)
    diverged = last["diverged_at"] >= 0
    values = last[["run", "replicate"]].copy()
    values.insert(0, "experiment", experiment)
    values["diverged"] = diverged.astype(float)
    values["diverged_at"] = last["diverged_at"].where(diverged).astype(float)
    metrics = last.drop(columns=["run", *KEYS])
    values = pd.concat([values, metrics], axis=1)
    tidy = values.melt(id_vars=_KEYS, var_name="metric", value_name="value")
    # Runs below each other, in the order of config.yaml.
    runs = pd.Categorical(tidy["run"], categories=tidy["run"].unique(), ordered=True)
    return tidy.iloc[pd.Series(runs.codes).sort_values(kind="stable").index]
