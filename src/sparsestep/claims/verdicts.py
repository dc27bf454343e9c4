"""Claims: the paper's statements, tested on the replicates.

Three claims, by the names that config.yaml gives them:

- `sparser`, `better`: the longer the large steps last, the smaller a metric at the last snapshot.
  For every pair of runs (A, B) with B's large steps longer (`claims/pairs.py`), the effect is the
  median over pairs of replicates of b - a (`sparser`) or b / a (`better`). Replicates of the same
  number share data, initial parameters and sampling order. A pair counts where both survive, and
  once where replicates coincide in all that is measured (as with full-batch gradient descent). With
  `fits` in config.yaml, a pair counts for `sparser` where the training loss of both is small.
- `stabilises`: a loss L stays at a high level until the decay. For every run that decays at
  iteration t_d and every replicate that survives, over the snapshots t_d / 2 <= t < t_d:
  `stabilises: high` is L(last snapshot) / median L(t), which must lie below 1/2;
  `stabilises: flat` is 10^(s t_d / 2), s the least-squares slope of log10 L(t) against t: the
  factor by which the loss changes over these iterations, which must lie between 1/2 and 2.

The interval is the exact one of the sign test, p its p-value (`claims/statistics.py`). The verdict
is `holds` where the whole interval lies where the claim says (below 0 for a difference, below 1 for
a ratio), `contradicted` where all of it lies elsewhere, else `not shown`; also `not shown` with
fewer than six pairs. `p_holm` and `p_fdr` are corrected over the family: all rows of a claim in all
of config.yaml. `verdict_corrected` is the verdict where p_fdr <= 0.05, else `not shown`.

Only survivors make pairs. `p_lost_against` and `verdict_lost_against` are those of the same pairs
and every replicate that B loses, each counted as an effect of infinity, against the claim.
"""

from typing import Any

import numpy as np
import pandas as pd

from sparsestep.artifacts.tables import KEYS, last_snapshots
from sparsestep.claims.compared import Claimed, compare, ends_of
from sparsestep.claims.pairs import comparisons, large_steps
from sparsestep.claims.statistics import corrected_verdict, false_discovery, family_wise

COLUMNS = (
    *("experiment", "claim", "metric", "run_a", "run_b", "phase_a", "phase_b", "replicates"),
    *("survivors_a", "survivors_b", "survivors_both", "unfit", "pairs"),
    *("median_a", "median_b", "train_loss_a", "train_loss_b", "lower", "equal", "higher"),
    *("effect_kind", "effect", "low", "high", "p", "p_holm", "p_fdr"),
    *("verdict", "verdict_corrected"),
    *("lost", "median_a_of_lost", "p_lost_against", "verdict_lost_against"),
)
# "High" and "flat" are about this factor.
FACTOR = 2.0
CLAIMED = {
    "better": Claimed("ratio", below=1.0),
    "sparser": Claimed("difference", below=0.0),
    "stabilises: high": Claimed("ratio", below=1 / FACTOR),
    "stabilises: flat": Claimed("ratio", below=FACTOR, above=1 / FACTOR),
}


def judge(tables: dict[str, pd.DataFrame], spec: dict[str, Any]) -> pd.DataFrame:
    """One row, `COLUMNS`, for each experiment, claim, metric and comparison.

    `tables` holds the measurements of each experiment, with a column `run`; `spec["experiments"]`
    lists `name`, `iterations` (T), `claims` (the block of config.yaml) and `runs` (see
    `comparisons`). phase_a, phase_b: length of the large-step phase over T; survivors: replicates
    with a value; survivors_both: pairs before those that coincide are merged; unfit: those of the
    others that are left out because a network does not fit; pairs: as above;
    median_a, median_b: over these, as the training losses at the last snapshot; lower, equal,
    higher: pairs whose effect is below, at, above the claim's bound; effect, low, high: its median
    and interval; lost: replicates with a value under A that fits, which under B diverge or do not
    fit; median_a_of_lost: their median under A. For `stabilises`, A and B are the same run, a the
    level (the fit's at t_d / 2), b the last snapshot (the fit's at t_d), lost all that diverge. NaN
    where there is no value.
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
    last, contents = last_snapshots(table), _contents(table)
    claims, runs, iterations = entry["claims"], entry["runs"], entry["iterations"]
    phases = {name: large_steps(run["schedule"], iterations) for name, run in runs.items()}
    rows = []
    if claims["stabilises"] is not None:
        for name in sorted((name for name in runs if phases[name]), key=lambda n: (phases[n], n)):
            of_run = table[table["run"] == name]
            distinct = _distinct(contents[name])
            found = _stabilises(of_run, claims["stabilises"], phases[name], distinct)
            rows += [{"run_a": name, "run_b": name, **row} for row in found]
    for claim in ("better", "sparser"):
        for metric in claims[claim]:
            for a, b in comparisons(runs, iterations):
                ends = ends_of(last, a, b, metric, _largest_loss(claim, claims))
                found = compare(ends, _distinct(contents[a], contents[b]), CLAIMED[claim])
                rows.append({"claim": claim, "metric": metric, "run_a": a, "run_b": b, **found})
    common = {"experiment": entry["name"], "replicates": table["replicate"].nunique()}
    for row in rows:
        ends = {f"phase_{end}": phases[row[f"run_{end}"]] / iterations for end in "ab"}
        row |= common | ends
    return rows


def _largest_loss(claim: str, claims: dict[str, Any]) -> float:
    """Training loss up to which a network counts as one that fits, where a claim asks for it."""
    fits = claims.get("fits") if claim == "sparser" else None
    return fits["train_loss"] if fits else np.inf


def _contents(table: pd.DataFrame) -> dict[str, dict[int, bytes]]:
    """All that is measured of each run and replicate, for telling whether replicates coincide."""
    metrics = [name for name in table.columns if name not in ("run", *KEYS)]
    found: dict[str, dict[int, bytes]] = {}
    for (run, replicate), rows in table.groupby(["run", "replicate"], sort=False):
        found.setdefault(run, {})[replicate] = rows[metrics].to_numpy(dtype=float).tobytes()
    return found


def _distinct(*contents: dict[int, bytes]) -> list[int]:
    """Replicates in all of these runs, the first of those that coincide in each of them."""
    seen: dict[tuple, int] = {}
    for replicate in contents[0]:
        if all(replicate in of_run for of_run in contents):
            seen.setdefault(tuple(of_run[replicate] for of_run in contents), replicate)
    return list(seen.values())


def _stabilises(of_run: pd.DataFrame, metric: str, decay: int, distinct: list[int]) -> list[dict]:
    """The two rows of a run whose large-step phase ends at iteration `decay`."""
    survived = of_run[of_run["diverged_at"] < 0]
    values = survived.pivot(index="iteration", columns="replicate", values=metric).astype(float)
    # Those that diverged have no value.
    fate = of_run.groupby("replicate")["diverged_at"].first()
    values = values.reindex(columns=fate.index)
    phase = values[(values.index >= decay / 2) & (values.index < decay)]
    end = values.iloc[-1] if len(values) else pd.Series(np.nan, index=values.columns)
    ends = {"stabilises: high": (phase.median(), end), "stabilises: flat": _fit(phase, decay)}
    rows = []
    for claim, (a, b) in ends.items():
        found = pd.DataFrame({"a": a, "b": b, "train_loss_a": np.nan, "train_loss_b": np.nan})
        # Where no survivor has a value, too few snapshots are why, and nobody is lost by that.
        known = (fate >= 0).all() or found.notna()[["a", "b"]].all(axis=1).any()
        found = found.assign(fits=True, lost=(fate >= 0) & known)
        rows.append({"claim": claim, "metric": metric, **compare(found, distinct, CLAIMED[claim])})
    return rows


def _fit(phase: pd.DataFrame, decay: int) -> tuple[pd.Series, pd.Series]:
    """Least-squares lines through log10 of the values, at decay / 2 and at decay, as values.

    NaN with fewer than three snapshots, and where a value is not positive.
    """
    nothing = pd.Series(np.nan, index=phase.columns)
    usable = phase.loc[:, (phase > 0).all()]
    if len(phase) < 3 or usable.empty:
        return nothing, nothing
    t = phase.index.to_numpy(dtype=float) / decay
    slope, level = np.polyfit(t, np.log10(usable.to_numpy()), 1)
    ends = (pd.Series(10 ** (level + slope * at), index=usable.columns) for at in (0.5, 1.0))
    starts, stops = (end.reindex(phase.columns) for end in ends)
    return starts, stops
