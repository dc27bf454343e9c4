"""Verdicts counted over all of config.yaml: what corrections leave, whom the pairs leave out."""

from typing import Any

import pandas as pd

from sparsestep.claims.level import LEVEL

_HEADER = (
    "claim",
    "comparisons",
    "hold",
    "after Benjamini-Hochberg",
    "after Holm",
    "lost ones counted against",
    "contradicted",
    "after Benjamini-Hochberg",
)


def counted(claims: pd.DataFrame) -> dict[str, Any]:
    """Header and rows of a table: of each claim, how many comparisons hold or are contradicted.

    Besides all of them, those that the correction for the false discovery rate leaves, that for
    the probability of a single false one, and that also hold with lost replicates counted against.
    The last row is the sum.
    """
    rows = []
    for claim, of_claim in claims.groupby("claim", sort=False):
        holds, corrected = of_claim["verdict"] == "holds", of_claim["verdict_corrected"]
        numbers = (
            len(of_claim),
            holds.sum(),
            (corrected == "holds").sum(),
            (holds & (of_claim["p_holm"] <= LEVEL)).sum(),
            (holds & (of_claim["verdict_lost_against"] == "holds")).sum(),
            (of_claim["verdict"] == "contradicted").sum(),
            (corrected == "contradicted").sum(),
        )
        rows.append([claim, *map(int, numbers)])
    columns = zip(*(row[1:] for row in rows), strict=True)
    rows.append(["all", *map(sum, columns)])
    return {"header": list(_HEADER), "rows": rows}


def left_out(claims: pd.DataFrame) -> list[str]:
    """Of each claim that compares runs, a sentence on the replicates that the second one loses.

    Whether leaving them out may flatter the claim: what they had under the first run, beside those
    that make pairs. Nothing of `stabilises`, which is about no end values, nor of `agrees`, for
    which neither smaller nor larger ones speak.
    """
    found = []
    of_order = ~claims["claim"].str.startswith(("stabilises", "agrees"))
    known = claims[of_order & (claims["lost"] > 0) & (claims["pairs"] > 0)]
    for claim, rows in known.dropna(subset="median_a_of_lost").groupby("claim", sort=False):
        lost, pairs = rows["median_a_of_lost"], rows["median_a"]
        smaller, equal = int((lost < pairs).sum()), int((lost == pairs).sum())
        some = f"{len(rows)} comparison{'s' if len(rows) > 1 else ''}"
        found.append(
            f"{claim}: {some} in which the second run loses replicates and others make pairs; "
            f"under the first run, the median of the lost ones is smaller than that of the pairs "
            f"in {smaller}, equal in {equal}, larger in {len(rows) - smaller - equal}"
        )
    return found
