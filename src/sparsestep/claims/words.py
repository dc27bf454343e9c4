"""Verdicts as sentences for the report; every number comes from claims.csv."""

import pandas as pd

from sparsestep import metrics

_PARTS = {
    "stabilises: flat": "changes by less than a factor of 2 in the second half of the large steps",
    "stabilises: high": "is there more than twice what it is in the same iterations under {}",
}


def sentences(claims: pd.DataFrame) -> list[str]:
    """One text for each metric that an experiment claims something about, from its rows.

    `claims` has the columns of `claims.judge`. Of `better` and `sparser`, the comparison of the
    shortest with the longest large-step phase, with and without the runs that have none; of
    `stabilises` every run, of `trend` and `agrees` every row.
    """
    found = []
    about_level = claims["claim"].isin(_PARTS)
    for (_, metric), rows in claims[about_level].groupby(["experiment", "metric"], sort=False):
        by_claim = {claim: rows[rows["claim"] == claim] for claim in _PARTS}
        parts = [_level(of, _PARTS[claim]) for claim, of in by_claim.items() if len(of)]
        found.append(f"{metrics.describe(metric).words}: {'; '.join(parts)}.")
    by = ["experiment", "claim", "metric"]
    for (_, claim, metric), rows in claims[~about_level].groupby(by, sort=False):
        told = _extremes(rows) if claim in ("better", "sparser") else rows.to_dict("records")
        parts = [_trend(row) if row["effect_kind"] == "tau" else _comparison(row) for row in told]
        found.append(f"{metrics.describe(metric).words}: {'; '.join(parts)}.")
    return found


def _extremes(rows: pd.DataFrame) -> list[dict]:
    """The comparisons of the longest phase with the shortest, and with the shortest above 0."""
    longest = rows[rows["phase_b"] == rows["phase_b"].max()]
    phase = longest["phase_a"]
    return longest[phase.isin([phase.min(), phase[phase > 0].min()])].to_dict("records")


def _comparison(row: dict) -> str:
    agrees = row["claim"] == "agrees"
    where = "{run_b} beside {run_a}" if agrees else "from {run_a} to {run_b}"
    where = where.format(**row)
    if not row["pairs"]:
        what = "survives in both" if not row["unfit"] else "fits the training data in both"
        return f"{where} no replicate {what}: {row['verdict']}{_lost(row)}"
    medians = " to ".join(value_text(row[f"median_{end}"], row["metric"]) for end in "ab")
    sides = {"lower": "lower", "equal": "equal", "higher": "higher"}
    if agrees:
        sides = {"lower": "below", "equal": "within", "higher": "above"}
    counts = ", ".join(f"{words} in {row[side]}" for side, words in sides.items())
    counts += " (of the margin)" if agrees else ""
    effect = f"{row['effect_kind']} {_effect(row, ' (95 %: {} to {})')}"
    parts = [f"{where} (medians {medians}) {counts} of {_pairs(row)}", effect, f"p {_p(row['p'])}"]
    if row["claim"] == "sparser" and not pd.isna(row["train_loss_b"]):
        losses = " to ".join(_number(row[f"train_loss_{end}"]) for end in "ab")
        parts.append(f"training loss {losses}")
    return f"{', '.join(parts)}: {_verdict(row)}{_lost(row)}"


def _trend(row: dict) -> str:
    where = f"over the fractions of the edge from {row['run_a']} to {row['run_b']}"
    if not row["pairs"]:
        return f"{where} no replicate has a trend: {row['verdict']}{_lost(row)}"
    medians = " to ".join(value_text(row[f"median_{end}"], row["metric"]) for end in "ab")
    signs = {"negative": "lower", "zero": "equal", "positive": "higher"}
    counts = ", ".join(f"{sign} in {row[side]}" for sign, side in signs.items())
    tau = f"Kendall's tau {_effect(row, ' (95 %: {} to {})')}, {counts} of {row['pairs']}"
    unfit = f" (of {row['unfit']} fewer than three runs fit)" if row["unfit"] else ""
    parts = [f"{where} (medians {medians}) {tau}{unfit}", f"p {_p(row['p'])}"]
    return f"{', '.join(parts)}: {_verdict(row)}{_lost(row)}"


def _pairs(row: dict) -> str:
    pairs = f"{row['pairs']} pair{'s' if row['pairs'] > 1 else ''}"
    distinct = row["pairs"] + row["unfit"]
    if distinct < row["survivors_both"]:
        some = "" if distinct == 1 else ", some of which"
        pairs += f" ({row['survivors_both']} replicates{some} coincide)"
    return f"{pairs} that fit ({row['unfit']} do not)" if row["unfit"] else pairs


def _lost(row: dict) -> str:
    """What becomes of the verdict where those that B loses count against the claim."""
    if not row["lost"]:
        return ""
    level = value_text(row["median_a_of_lost"], row["metric"])
    lost = f"the {row['lost']} that {row['run_b']} loses (median under {row['run_a']} {level})"
    verb = "counts" if row["lost"] == 1 else "count"
    return f", and {row['verdict_lost_against']} where {lost} {verb} against it"


def _level(rows: pd.DataFrame, what: str) -> str:
    """Which runs have which verdict about their level, with the ratios that decide.

    `rows` hold one claim about it.
    """
    by_verdict: dict[str, list[str]] = {}
    for row in rows.to_dict("records"):
        ratio = _effect(row, ", {} to {}") if row["pairs"] else _why_none(row)
        by_verdict.setdefault(_verdict(row), []).append(f"{row['run_b']} ({ratio})")
    verdicts = (f"{verdict} for {', '.join(runs)}" for verdict, runs in by_verdict.items())
    return f"that it {what.format(rows['run_a'].iloc[0])}: {', '.join(verdicts)}"


def _why_none(row: dict) -> str:
    """Why a run has no ratio: nobody survives, there is no snapshot, a zero has no logarithm."""
    if row["lost"] or row["survivors_a"] != row["survivors_b"]:
        return "no value"
    zero = " or a loss of 0" if row["claim"] == "stabilises: flat" else ""
    return f"too few snapshots{zero} there"


def _effect(row: dict, interval: str) -> str:
    ends = (row["low"], row["high"])
    known = not any(map(pd.isna, ends))
    return _number(row["effect"]) + (interval.format(*map(_number, ends)) if known else "")


def _verdict(row: dict) -> str:
    if row["pairs"] and pd.isna(row["low"]):
        return f"{row['verdict']} (too few pairs)"
    corrected = row["verdict_corrected"] == row["verdict"]
    return row["verdict"] if corrected else f"{row['verdict']} (not after correction)"


def _p(p: float) -> str:
    return "< 0.0001" if p < 1e-4 else f"= {p:.2g}"


def _number(value: float) -> str:
    if pd.isna(value):
        return "none"
    # Medians of counts end in .5.
    text = f"{value:.4g}" if abs(value) >= 100 else f"{value:.3g}"
    return text.replace("-", "\N{MINUS SIGN}", int(value < 0))


def value_text(value: float, metric: str) -> str:
    """A value of a metric to three digits; errors in per cent, as figures show them."""
    if metrics.describe(metric).per_cent and not pd.isna(value):
        return f"{_number(100 * value)} %"
    return _number(value)
