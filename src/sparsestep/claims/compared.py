"""The numbers of one comparison: the ends of two runs, replicate by replicate."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sparsestep.claims.statistics import interval, p_value, verdict


@dataclass(frozen=True)
class Claimed:
    """What a claim says: the median effect, of this kind, lies between `above` and `below`."""

    kind: str
    below: float
    above: float = -np.inf

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
    `train_loss_b` (NaN: not measured), and whether the pair `fits` and is `lost`. Of those that
    coincide, `distinct` holds one. A lost one counts against the claim as an effect of infinity.
    """
    known = ends.loc[distinct]
    survived, lost = known.dropna(subset=["a", "b"]), known[known["lost"]]
    pairs = survived[survived["fits"]]
    effects = claimed.effects(pairs["a"].to_numpy(dtype=float), pairs["b"].to_numpy(dtype=float))
    against = claimed.judge(np.append(effects, np.full(len(lost), np.inf)))
    above = claimed.above if np.isfinite(claimed.above) else claimed.below
    lower, higher = int(np.sum(effects < above)), int(np.sum(effects > claimed.below))
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
