"""Trends of a metric as step sizes come nearer to the edge, replicate by replicate.

The replicates are compared with themselves: under all runs a replicate has the same data, initial
parameters and sampling order. Its trend is Kendall's tau-b between the fraction of the edge and the
metric at the last snapshot, over the runs that it survives,

    tau = (C - D) / sqrt(n (n - 1) / 2 (n (n - 1) / 2 - T)),

C of its pairs of runs concordant, D discordant, T tied in the metric; 0 where all are tied, and
nothing with fewer than three runs.
"""

import numpy as np
import pandas as pd

from sparsestep.claims.compared import Claimed, compare, distinct_in, ends_of
from sparsestep.claims.pairs import FEWEST_FRACTIONS, over_the_edge

TREND = Claimed("tau", below=0.0)
EFFECTS = {"ratio": Claimed("ratio", below=1.0), "difference": Claimed("difference", below=0.0)}
# Effects are from the first of these fractions of the edge to each of the others.
FRACTIONS = (0.5, 0.95, 0.99)


def rows(
    last: pd.DataFrame,
    metric: str,
    kind: str,
    bound: float,
    runs: dict[str, dict],
    iterations: int,
    contents: dict[str, dict[int, bytes]],
) -> list[dict]:
    """Rows of `trend` of a metric: its trend, then its effects, of this kind.

    `last` are the last snapshots; a network counts where its training loss is at most `bound`;
    `contents` are `compared.contents_of` the table.
    """
    fractions = over_the_edge(runs, iterations)
    if not fractions:
        return []
    ends = taus(last, metric, bound, fractions)
    distinct = distinct_in(*(contents[name] for name in fractions))
    first, *_, final = fractions
    found = [{"run_a": first, "run_b": final, **compare(ends, distinct, TREND)}]
    for a, b in effects_between(fractions):
        ends = ends_of(last, a, b, metric, bound)
        effect = compare(ends, distinct_in(contents[a], contents[b]), EFFECTS[kind])
        found.append({"run_a": a, "run_b": b, **effect})
    return [{"claim": "trend", "metric": metric, **row} for row in found]


def effects_between(fractions: dict[str, float]) -> list[tuple[str, str]]:
    """Pairs of runs at the fractions nearest to 0.5 and 0.95, and to 0.5 and 0.99, if they differ.

    `fractions` are those of runs, by name.
    """
    start, *others = (
        min(fractions, key=lambda name: abs(fractions[name] - wanted)) for wanted in FRACTIONS
    )
    return [
        (start, other) for other in dict.fromkeys(others) if fractions[other] > fractions[start]
    ]


def taus(
    last: pd.DataFrame, metric: str, bound: float, fractions: dict[str, float]
) -> pd.DataFrame:
    """What `compare` takes, of every replicate: `effect` is tau.

    a and b are the metric under the smallest and the largest fraction. A replicate that fits under
    fewer than three runs does not fit; it has the tau of all that it survives.
    """
    first, *_, final = fractions
    ends = ends_of(last, first, final, metric, bound)
    values, losses = (_wide(last, name, list(fractions)) for name in (metric, "train_loss"))
    # It is NaN, and beyond no bound, where it is not measured.
    fitting = values.where(~(losses > bound))
    x = np.array(list(fractions.values()))
    among = {name: part.reindex(ends.index) for name, part in (("all", values), ("fit", fitting))}
    found = {name: [kendall(x, row) for row in part.to_numpy()] for name, part in among.items()}
    fits = ~np.isnan(found["fit"])
    return ends.assign(effect=np.where(fits, found["fit"], found["all"]), fits=fits)


def kendall(x: np.ndarray, y: np.ndarray) -> float:
    """Kendall's tau-b of the pairs (x, y) without a NaN; NaN where they are fewer than three."""
    known = ~np.isnan(y)
    x, y = x[known], y[known]
    if len(y) < FEWEST_FRACTIONS:
        return np.nan
    above = np.triu_indices(len(y), 1)
    signs = [np.sign(values[above[1]] - values[above[0]]) for values in (x, y)]
    untied = np.sqrt(np.prod([np.sum(sign != 0) for sign in signs]))
    return float(np.sum(signs[0] * signs[1]) / untied) if untied else 0.0


def _wide(last: pd.DataFrame, metric: str, runs: list[str]) -> pd.DataFrame:
    """The metric, a row a replicate, a column a run; NaN where it is not measured."""
    known = last[last["run"].isin(runs)].assign(**{} if metric in last else {metric: np.nan})
    wide = known.pivot(index="replicate", columns="run", values=metric)
    return wide.reindex(columns=runs).astype(float)
