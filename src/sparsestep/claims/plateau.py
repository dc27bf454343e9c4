"""Levels and lines of a loss: whether large steps hold it at a high level.

L is the loss, t_d the iteration of the decay.

- The *level* is the geometric mean of L over t_d/2 <= t < t_d.
- The *line* is the least-squares one through log10 L(t) there; it changes by the factor
  10^(s t_d / 2), s its slope.

Of a loss that is known at snapshots alone, both are over the snapshots; a line takes three. Of
`RUNNING` metrics they are over every iteration up to the last snapshot t* <= t_d + 1, which takes
the place of t_d and must lie behind t_d / 2: the loss before update t_d is the last one that large
steps alone have made.
"""

import numpy as np
import pandas as pd

from sparsestep.claims.compared import Claimed, compare, distinct_in
from sparsestep.claims.pairs import large_steps, larger_before_decay

# "High" and "flat" are about this factor.
FACTOR = 2.0
HIGH = Claimed("ratio", above=FACTOR)
FLAT = Claimed("ratio", below=FACTOR, above=1 / FACTOR)
# Metrics that are, at a snapshot t, about all iterations from t/2 to t, and what they change by.
RUNNING = {"running_loss": "running_change"}
# Metrics that are, at a snapshot, about the iterations until the next one.
UNTIL_NEXT = ("batch_loss",)
# Through fewer snapshots no line is fitted.
_FEWEST = 3

Ends = tuple[pd.Series, pd.Series]


def rows(
    table: pd.DataFrame,
    claim: dict[str, str | None],
    runs: dict[str, dict],
    iterations: int,
    contents: dict[str, dict[int, bytes]],
) -> list[dict]:
    """Rows of `stabilises` of an experiment, the shortest large-step phase first.

    `claim` has a `metric` and the run that the level is compared `against`, or None; `contents` are
    `compared.contents_of` the table.
    """
    metric, against = claim["metric"], claim["against"]
    lengths = {name: large_steps(run, iterations) for name, run in runs.items()}
    decaying = sorted((name for name in runs if lengths[name]), key=lambda n: (lengths[n], n))
    larger = larger_before_decay(runs, against, iterations) if against else []
    found = []
    for name in decaying:
        of_run, decay = table[table["run"] == name], lengths[name]
        if name in larger:
            other = level(table[table["run"] == against], metric, decay)
            ends, distinct = (other, level(of_run, metric, decay)), (against, name)
            found.append(("stabilises: high", HIGH, ends, distinct))
        found.append(("stabilises: flat", FLAT, line(of_run, metric, decay), (name, name)))
    return [
        {
            **{"claim": what, "metric": metric, "run_a": a, "run_b": b},
            **compare(_ends(*ends, table, a, b), distinct_in(contents[a], contents[b]), claimed),
        }
        for what, claimed, ends, (a, b) in found
    ]


def level(of_run: pd.DataFrame, metric: str, decay: int) -> pd.Series:
    """The level of each replicate of a run over the iterations before `decay`; NaN: none."""
    if metric in RUNNING:
        return _at_last(of_run, metric, decay)
    with np.errstate(divide="ignore"):
        logs = np.log10(_phase(of_run, metric, decay))
    return 10 ** logs.mean(skipna=False)


def line(of_run: pd.DataFrame, metric: str, decay: int) -> Ends:
    """What the line of each replicate begins and ends with, as values of the metric.

    NaN with fewer than three snapshots, and where a value is not positive. Of a `RUNNING` metric
    m, which lies at the middle of its line: m / sqrt(c) and m sqrt(c), c what it changes by.
    """
    if metric in RUNNING:
        middle = _at_last(of_run, metric, decay)
        change = _at_last(of_run, RUNNING[metric], decay)
        return middle / np.sqrt(change), middle * np.sqrt(change)
    phase = _phase(of_run, metric, decay)
    nothing = pd.Series(np.nan, index=phase.columns)
    usable = phase.loc[:, (phase > 0).all()]
    if len(phase) < _FEWEST or usable.empty:
        return nothing, nothing
    t = phase.index.to_numpy(dtype=float) / decay
    slope, height = np.polyfit(t, np.log10(usable.to_numpy()), 1)
    ends = (pd.Series(10 ** (height + slope * at), index=usable.columns) for at in (0.5, 1.0))
    starts, stops = (end.reindex(phase.columns) for end in ends)
    return starts, stops


def _phase(of_run: pd.DataFrame, metric: str, decay: int) -> pd.DataFrame:
    """Values at the snapshots of the second half of the large steps, a column a replicate.

    Those that diverge, whenever, have none.
    """
    values = _wide(of_run, metric)
    inside = (values.index >= decay / 2) & (values.index < decay)
    if metric in UNTIL_NEXT:
        # The last one stands for what comes behind it as well, however long.
        inside &= np.append(values.index[1:] <= decay + 1, False)
    return values[inside]


def _at_last(of_run: pd.DataFrame, metric: str, decay: int) -> pd.Series:
    """Values at the last snapshot of the large steps, which must lie in their second half."""
    values = _wide(of_run, metric)
    before = values[(values.index > decay / 2) & (values.index <= decay + 1)]
    return before.iloc[-1] if len(before) else pd.Series(np.nan, index=values.columns)


def _wide(of_run: pd.DataFrame, metric: str) -> pd.DataFrame:
    wide = of_run.pivot(index="iteration", columns="replicate", values=metric).astype(float)
    diverged = of_run.groupby("replicate")["diverged_at"].first() >= 0
    return wide.where(~diverged, axis=1)


def _ends(a: pd.Series, b: pd.Series, table: pd.DataFrame, run_a: str, run_b: str) -> pd.DataFrame:
    """What `compare` takes: values a and b of each replicate of the runs."""
    fate = table[table["run"] == run_b].groupby("replicate")["diverged_at"].first()
    found = pd.DataFrame({"a": a, "b": b, "train_loss_a": np.nan, "train_loss_b": np.nan})
    found = found.reindex(fate.index)
    # Where no survivor has a value, too few snapshots are why, and nobody is lost by that.
    known = (fate >= 0).all() or found["b"].notna().any()
    compared = found["a"].notna() | (run_a == run_b)
    return found.assign(fits=True, lost=(fate >= 0) & known & compared)
