"""The numbers of one comparison: values under two runs, replicate by replicate."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sparsestep.claims.statistics import interval, p_value, verdict

# Replicates whose measurements differ by less than this, relative, differ by rounding alone.
_ROUNDING = 1e-6
_FROM_WORST = ("contradicted", "not shown", "holds")


@dataclass(frozen=True)
class Claimed:
    """What a claim says: the median effect, of this kind, lies between `above` and `below`.

    At least one of the two is finite.
    """

    kind: str
    below: float = np.inf
    above: float = -np.inf

    @property
    def bounds(self) -> list[float]:
        """Those of `above` and `below` that are finite, sorted."""
        return [bound for bound in (self.above, self.below) if np.isfinite(bound)]

    @property
    def worst(self) -> list[float]:
        """Effects that speak most against the claim: infinity, on the other side of a bound."""
        return [
            sign
            for sign, bound in ((-np.inf, self.above), (np.inf, self.below))
            if np.isfinite(bound)
        ]

    def effects(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """b - a of a "difference"; of a "ratio" b / a, 1 where both are equal, also both 0."""
        if self.kind == "difference":
            return b - a
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(a == b, 1.0, b / a)

    def judge(self, effects: np.ndarray) -> dict:
        """Interval, p and verdict."""
        low, high = interval(effects)
        bounds = (self.below, self.above)
        p = p_value(effects, *bounds)
        return {"low": low, "high": high, "p": p, "verdict": verdict(low, high, *bounds)}


def _judge_lost(claimed: Claimed, effects: np.ndarray, lost: int) -> dict:
    """What is judged where so many more effects speak against the claim.

    Of a claim with two bounds, whichever of both sides is worse for it.
    """
    judged = [claimed.judge(np.append(effects, np.full(lost, worst))) for worst in claimed.worst]
    return min(judged, key=lambda found: (_FROM_WORST.index(found["verdict"]), -found["p"]))


def contents_of(table: pd.DataFrame) -> dict[str, dict[int, bytes]]:
    """All that is measured of each run and replicate, for telling whether replicates coincide.

    Those whose starts are perturbed, and that stay as near to the first one of their run as they
    began, are the same replicate.
    """
    # When they diverge, too: before the second snapshot they differ in nothing else.
    metrics = [name for name in table.columns if name not in ("run", "replicate", "iteration")]
    found: dict[str, dict[int, bytes]] = {}
    firsts: dict[str, np.ndarray] = {}
    for (run, replicate), rows in table.groupby(["run", "replicate"], sort=False):
        values = rows[metrics].to_numpy(dtype=float)
        first = firsts.setdefault(run, values)
        if _coincide(values, first):
            values = first
        found.setdefault(run, {})[replicate] = values.tobytes()
    return found


def _coincide(values: np.ndarray, others: np.ndarray) -> bool:
    same_shape = values.shape == others.shape
    return same_shape and np.allclose(values, others, rtol=_ROUNDING, atol=0, equal_nan=True)


def distinct_in(*contents: dict[int, bytes]) -> list[int]:
    """Replicates in all of these runs, the first of those that coincide in each of them."""
    seen: dict[tuple, int] = {}
    for replicate in contents[0]:
        if all(replicate in of_run for of_run in contents):
            seen.setdefault(tuple(of_run[replicate] for of_run in contents), replicate)
    return list(seen.values())


def ends_of(last: pd.DataFrame, a: str, b: str, metric: str, bound: float) -> pd.DataFrame:
    """Of each replicate of runs a and b, what `compare` takes, from its last snapshots.

    A pair fits where the training loss of both is at most `bound`. Lost is what has a value under a
    and fits there, and under b diverges or does not fit.
    """
    runs = {"a": a, "b": b}
    of_run = {end: last[last["run"] == run].set_index("replicate") for end, run in runs.items()}
    ends = pd.DataFrame({end: table[metric] for end, table in of_run.items()}, dtype=float)
    for end, table in of_run.items():
        ends[f"train_loss_{end}"] = table.get("train_loss", np.nan)
    diverged = of_run["b"]["diverged_at"].reindex(ends.index) >= 0
    # It is NaN, and beyond no bound, where it is not measured.
    fits_a, fits_b = (~(ends[f"train_loss_{end}"] > bound) for end in "ab")
    ends["fits"] = fits_a & fits_b
    ends["lost"] = ends["a"].notna() & fits_a & (diverged | ~fits_b)
    return ends


def compare(ends: pd.DataFrame, distinct: list[int], claimed: Claimed) -> dict:
    """A row's numbers and verdicts: b against a, by replicate.

    `ends` has, of each replicate, the values `a` and `b` (NaN: none), `train_loss_a` and
    `train_loss_b` (NaN: not measured), and whether the pair `fits` and is `lost`; maybe its
    `effect` (NaN: none), where that does not follow from a and b. Of those that coincide,
    `distinct` holds one. The effect of a lost one counts as the worst there is, infinity.
    """
    known = ends.loc[distinct]
    lost = known[known["lost"]]
    survived = known.dropna(subset=["effect"] if "effect" in known else ["a", "b"])
    pairs = survived[survived["fits"]]
    if "effect" in pairs:
        effects = pairs["effect"].to_numpy(dtype=float)
    else:
        effects = claimed.effects(*(pairs[end].to_numpy(dtype=float) for end in "ab"))
    kept = effects[~pairs["lost"].to_numpy(dtype=bool)]
    against = _judge_lost(claimed, kept, len(lost))
    lower = int(np.sum(effects < claimed.bounds[0]))
    higher = int(np.sum(effects > claimed.bounds[-1]))
    medians = {f"median_{end}": pairs[end].median() for end in "ab"}
    medians |= {name: pairs[name].median() for name in ("train_loss_a", "train_loss_b")}
    return {
        "survivors_a": ends["a"].notna().sum(),
        "survivors_b": ends["b"].notna().sum(),
        "survivors_both": len(ends.dropna(subset=["a", "b"])),
        "unfit": len(survived) - len(pairs),
        "pairs": len(pairs),
        **medians,
        "lower": lower,
        "equal": len(pairs) - lower - higher,
        "higher": higher,
        "effect_kind": claimed.kind,
        "effect": np.median(effects) if len(effects) else np.nan,
        **claimed.judge(effects),
        "lost": len(lost),
        "median_a_of_lost": lost["a"].median(),
        "p_lost_against": against["p"],
        "verdict_lost_against": against["verdict"],
    }
