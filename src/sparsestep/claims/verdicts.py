"""Claims: the paper's statements, tested on the replicates.

Five claims, by the names that config.yaml gives them:

- `sparser`, `better`: the longer the large steps last, the smaller a metric at the last snapshot.
  For every pair of runs (A, B) with B's large steps longer (`claims/pairs.py`), the effect is the
  median over pairs of replicates of b - a (`sparser`) or b / a (`better`). Replicates of the same
  number share data, initial parameters and sampling order. A run has its own last snapshot: A may
  be longer than B, not shorter. A pair counts where both survive, and
  once where replicates coincide in all that is measured, up to rounding (as with full-batch
  gradient descent that is not chaotic). With `fits` in config.yaml, a pair counts for `sparser`
  where the training loss of both is small; so do replicates and pairs for `trend` where its
  metric's effect is a difference.
- `stabilises`: large steps hold a loss at a high level until the decay at iteration t_d. For every
  run B that decays, over t_d / 2 <= t < t_d (`claims/plateau.py`):
  `stabilises: high` is b / a, the ratio of the geometric means of the loss under B and under a run
  A with small steps in the same iterations, which must lie above 2;
  `stabilises: flat` is 10^(s t_d / 2), s the least-squares slope of log10 L(t) against t: the
  factor by which the loss changes over these iterations, which must lie between 1/2 and 2.
- `trend`: the nearer step sizes come to the edge, the smaller a metric at the last snapshot
  (`claims/trends.py`). Of the runs whose large steps last longest and that differ in the fraction
  of the edge alone, a replicate's trend is Kendall's tau between fraction and metric, which must
  lie below 0. Beside it stand the effects from the run nearest to 0.5 of the edge to those nearest
  to 0.95 and 0.99, as b / a or b - a.
- `agrees`: runs end where another one, A, ends: the median ratio b / a at the last snapshot, over
  pairs of replicates, lies between 1 / margin and margin (`claims/agreement.py`).

The interval is the exact one of the sign test, p its p-value (`claims/statistics.py`). The verdict
is `holds` where the whole interval lies where the claim says (below 0 for a difference or tau,
below 1 for a ratio, if nothing else is said above), `contradicted` where all of it lies elsewhere,
else `not shown`; also `not shown` with fewer than six pairs. `p_holm` and `p_fdr` are corrected
over the family: all rows of a claim in all of config.yaml. `verdict_corrected` is the verdict where
p_fdr <= 0.05, else `not shown`.

Only survivors make pairs. `p_lost_against` and `verdict_lost_against` are those of the same pairs
and every replicate that B loses, each counted as an effect of infinity, against the claim (minus
infinity, of `stabilises: high`).
"""

from typing import Any

import numpy as np
import pandas as pd

from sparsestep.artifacts.tables import last_snapshots
from sparsestep.claims import agreement, plateau, trends
from sparsestep.claims.compared import Claimed, compare, contents_of, distinct_in, ends_of
from sparsestep.claims.pairs import comparisons, large_steps, length
from sparsestep.claims.statistics import corrected_verdict, false_discovery, family_wise

COLUMNS = (
    *("experiment", "claim", "metric", "run_a", "run_b", "phase_a", "phase_b", "replicates"),
    *("survivors_a", "survivors_b", "survivors_both", "unfit", "pairs"),
    *("median_a", "median_b", "train_loss_a", "train_loss_b", "lower", "equal", "higher"),
    *("effect_kind", "effect", "low", "high", "p", "p_holm", "p_fdr"),
    *("verdict", "verdict_corrected"),
    *("lost", "median_a_of_lost", "p_lost_against", "verdict_lost_against"),
)
CLAIMED = {"better": Claimed("ratio", below=1.0), "sparser": Claimed("difference", below=0.0)}


def judge(tables: dict[str, pd.DataFrame], spec: dict[str, Any]) -> pd.DataFrame:
    """One row, `COLUMNS`, for each experiment, claim, metric and comparison.

    `tables` holds the measurements of each experiment, with a column `run`; `spec["experiments"]`
    lists `name`, `iterations` (T), `claims` (the block of config.yaml), `runs` (see `comparisons`)
    and, where there is a `trend`, `ratios`, the metrics whose effects are ratios. phase_a, phase_b:
    length of the large-step phase over the run's T; survivors: replicates with a value;
    survivors_both: pairs before those that coincide are merged; unfit: those of the others that are
    left out because a network does not fit; pairs: as above; median_a, median_b: over these, as the
    training losses at the last snapshot; lower, equal, higher: pairs whose effect is below, at,
    above the claim's bound; effect, low, high: its median and interval; lost: replicates with a
    value under A that fits, which under B diverge or do not fit; median_a_of_lost: their median
    under A.

    For `stabilises: flat`, A and B are the same run, a and b what its fitted line begins and ends
    with, and lost are all that diverge; for `high`, those that do under B and not under A. For a
    trend, A has the smallest and B the largest fraction of the edge, the effect is tau, and unfit
    are replicates that fit under fewer than three runs. NaN where there is no value.
    """
    rows = []
    for entry in spec["experiments"]:
        rows += _of_experiment(tables[entry["name"]], entry)
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    for family in found.groupby("claim").groups.values():
        p = found.loc[family, "p"].to_numpy(dtype=float)
        found.loc[family, "p_holm"] = family_wise(p)
        found.loc[family, "p_fdr"] = false_discovery(p)
    # As numbers, also where there is no row.
    found = found.astype({"p_holm": float, "p_fdr": float})
    judged = zip(found["verdict"], found["p_fdr"], strict=True)
    return found.assign(verdict_corrected=[corrected_verdict(*row) for row in judged])


def _of_experiment(table: pd.DataFrame, entry: dict[str, Any]) -> list[dict]:
    contents, last = contents_of(table), last_snapshots(table)
    claims, runs, iterations = entry["claims"], entry["runs"], entry["iterations"]
    rows = []
    if claims["stabilises"] is not None:
        rows += plateau.rows(table, claims["stabilises"], runs, iterations, contents)
    for claim in ("better", "sparser"):
        bound = _largest_loss(claims) if claim == "sparser" else np.inf
        for metric in claims[claim]:
            for a, b in comparisons(runs, iterations):
                ends = ends_of(last, a, b, metric, bound)
                found = compare(ends, distinct_in(contents[a], contents[b]), CLAIMED[claim])
                rows.append({"claim": claim, "metric": metric, "run_a": a, "run_b": b, **found})
    for metric in claims.get("trend", []):
        kind = "ratio" if metric in entry["ratios"] else "difference"
        # Losses need no other loss to be small.
        bound = np.inf if kind == "ratio" else _largest_loss(claims)
        rows += trends.rows(last, metric, kind, bound, runs, iterations, contents)
    if claims.get("agrees"):
        rows += agreement.rows(last, claims["agrees"], contents)
    phases = {
        name: large_steps(run, iterations) / length(run, iterations) for name, run in runs.items()
    }
    common = {"experiment": entry["name"], "replicates": table["replicate"].nunique()}
    for row in rows:
        # A run that follows another has no schedule of its own.
        ends = {f"phase_{end}": phases.get(row[f"run_{end}"], np.nan) for end in "ab"}
        row |= common | ends
    return rows


def _largest_loss(claims: dict[str, Any]) -> float:
    """Training loss up to which a network counts as one that fits, where claims ask for it."""
    fits = claims.get("fits")
    return fits["train_loss"] if fits else np.inf
