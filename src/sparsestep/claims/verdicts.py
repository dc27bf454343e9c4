"""Claims: the paper's statements, tested on the replicates.

Three claims, by the names that config.yaml gives them:

- `sparser`, `better`: the longer the large steps last, the smaller a metric at the last snapshot.
  For every pair of runs (A, B) with B's large steps longer (`claims/pairs.py`), the effect is the
  median over pairs of replicates of b - a (`sparser`) or b / a (`better`). Replicates of the same
  number share data, initial parameters and sampling order. A pair counts where both survive, and
  once where replicates coincide in all that is measured (as with full-batch gradient descent).
- `stabilises`: a loss L stays at a high level until the decay. For every run that decays at
  iteration t_d and every replicate that survives, over the snapshots t_d / 2 <= t < t_d:
  `stabilises: high` is L(last snapshot) / median L(t), which must lie below 1/2;
  `stabilises: flat` is 10^(s t_d / 2), s the least-squares slope of log10 L(t) against t: the
  factor by which the loss changes over these iterations, which must lie between 1/2 and 2.

The interval is the 95 % percentile bootstrap of the median: `RESAMPLES` resamples of the pairs with
`numpy.random.default_rng(SEED)`. The verdict is `holds` where the whole interval lies where the
claim says (below 0 for a difference, below 1 for a ratio), `contradicted` where all of it lies
elsewhere, else `not shown`; also `not shown` with fewer than `FEWEST` pairs, of which not even the
smallest and the largest enclose the median with 95 % probability (1 - 2^(1 - n) < 0.95).
"""

from typing import Any

import numpy as np
import pandas as pd

from sparsestep.artifacts.tables import KEYS, last_snapshots
from sparsestep.claims.pairs import comparisons, large_steps

COLUMNS = (
    *("experiment", "claim", "metric", "run_a", "run_b", "phase_a", "phase_b", "replicates"),
    *("survivors_a", "survivors_b", "median_a", "median_b", "survivors_both", "pairs", "lower"),
    *("effect_kind", "effect", "low", "high", "verdict"),
)
RESAMPLES = 10_000
SEED = 0
FEWEST = 6
# "High" and "flat" are about this factor.
FACTOR = 2.0


def judge(tables: dict[str, pd.DataFrame], spec: dict[str, Any]) -> pd.DataFrame:
    """One row, `COLUMNS`, for each experiment, claim, metric and comparison.

    `tables` holds the measurements of each experiment, with a column `run`; `spec["experiments"]`
    lists `name`, `iterations` (T), `claims` (the block of config.yaml) and `runs` (see
    `comparisons`). phase_a, phase_b: length of the large-step phase over T; survivors: replicates
    with a value; median_a, median_b: over these; survivors_both: pairs before those that coincide
    are merged; pairs: as above; lower: pairs with b < a; effect, low, high: its median and
    interval. For `stabilises`, A and B are the same run, a the level (the fit's at t_d / 2), b the
    last snapshot (the fit's at t_d). NaN where there is no value.
    """
    rows = []
    for entry in spec["experiments"]:
        rows += _of_experiment(tables[entry["name"]], entry)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def verdict(low: float, high: float, below: float, above: float = -np.inf) -> str:
    """What an interval says about the claim that the effect lies between `above` and `below`."""
    if above < low and high < below:
        return "holds"
    if low > below or high < above:
        return "contradicted"
    return "not shown"


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the median of `values`, (n,); NaN below `FEWEST`."""
    if len(values) < FEWEST:
        return np.nan, np.nan
    drawn = np.random.default_rng(SEED).integers(len(values), size=(RESAMPLES, len(values)))
    medians = np.sort(np.median(values[drawn], axis=1))
    # No interpolation between values, one of which may be infinite.
    tail = int(0.025 * RESAMPLES)
    return float(medians[tail]), float(medians[-1 - tail])


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
    for claim, kind in (("better", "ratio"), ("sparser", "difference")):
        for metric in claims[claim]:
            for a, b in comparisons(runs, iterations):
                ends = (last[last["run"] == run].set_index("replicate")[metric] for run in (a, b))
                found = _compare(*ends, _distinct(contents[a], contents[b]), kind)
                rows.append({"claim": claim, "metric": metric, "run_a": a, "run_b": b, **found})
    common = {"experiment": entry["name"], "replicates": table["replicate"].nunique()}
    for row in rows:
        ends = {f"phase_{end}": phases[row[f"run_{end}"]] / iterations for end in "ab"}
        row |= common | ends
    return rows


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


def _compare(
    a: pd.Series,
    b: pd.Series,
    distinct: list[int],
    kind: str,
    below: float | None = None,
    above: float = -np.inf,
) -> dict:
    """A row's numbers and verdict: b against a, by replicate."""
    if below is None:
        below = 1.0 if kind == "ratio" else 0.0
    ends = pd.DataFrame({"a": a, "b": b})
    pairs = ends.loc[distinct].dropna().to_numpy(dtype=float)
    sizes = _ratios(*pairs.T) if kind == "ratio" else pairs[:, 1] - pairs[:, 0]
    low, high = interval(sizes)
    return {
        "survivors_a": a.notna().sum(),
        "survivors_b": b.notna().sum(),
        "median_a": a.median(),
        "median_b": b.median(),
        "survivors_both": len(ends.dropna()),
        "pairs": len(pairs),
        "lower": int(np.sum(pairs[:, 1] < pairs[:, 0])),
        "effect_kind": kind,
        "effect": np.median(sizes) if len(sizes) else np.nan,
        "low": low,
        "high": high,
        "verdict": verdict(low, high, below, above),
    }


def _ratios(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """b / a; 1 where both are 0, infinite where a alone is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(a == b, 1.0, b / a)


def _stabilises(of_run: pd.DataFrame, metric: str, decay: int, distinct: list[int]) -> list[dict]:
    """The two rows of a run whose large-step phase ends at iteration `decay`."""
    survived = of_run[of_run["diverged_at"] < 0]
    values = survived.pivot(index="iteration", columns="replicate", values=metric).astype(float)
    # Those that diverged have no value.
    values = values.reindex(columns=sorted(of_run["replicate"].unique()))
    phase = values[(values.index >= decay / 2) & (values.index < decay)]
    end = values.iloc[-1] if len(values) else pd.Series(np.nan, index=values.columns)
    starts, stops = _fit(phase, decay)
    high = _compare(phase.median(), end, distinct, "ratio", below=1 / FACTOR)
    flat = _compare(starts, stops, distinct, "ratio", below=FACTOR, above=1 / FACTOR)
    return [
        {"claim": "stabilises: high", "metric": metric, **high},
        {"claim": "stabilises: flat", "metric": metric, **flat},
    ]


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
