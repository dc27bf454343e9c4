"""Verdicts counted, and what is said of the replicates that make no pair."""

import numpy as np
import pandas as pd

from conftest import ROOT
from sparsestep.claims import statistics
from sparsestep.report import page as report
from sparsestep.report import verdicts


def row(claim, verdict, corrected, p_holm, against="holds", **others):
    numbers = {"lost": 0, "pairs": 8, "median_a": 100.0, "median_a_of_lost": np.nan}
    judged = {"verdict": verdict, "verdict_corrected": corrected, "verdict_lost_against": against}
    return {"claim": claim, **judged, "p_holm": p_holm, **numbers, **others}


def lost(median, count=3, pairs=8):
    numbers = {"lost": count, "pairs": pairs, "median_a_of_lost": median}
    return row("sparser", "holds", "holds", 0.2, **numbers)


CLAIMS = pd.DataFrame(
    [
        row("better", "holds", "holds", 0.05),
        row("better", "holds", "holds", 0.06),
        row("better", "holds", "not shown", 0.5, "not shown"),
        row("better", "contradicted", "contradicted", 0.01, "contradicted"),
        row("better", "contradicted", "not shown", 0.9, "contradicted"),
        # Not a verdict that holds, whatever else is said of it.
        row("better", "not shown", "not shown", 0.04),
        row("better", "not shown", "not shown", np.nan, "not shown"),
        row("stabilises: flat", "not shown", "not shown", 1.0),
    ]
)


def test_the_level_is_that_of_the_verdicts():
    assert verdicts.LEVEL == statistics.LEVEL


def test_verdicts_are_counted_by_claim():
    table = verdicts.counted(CLAIMS)
    assert table["rows"] == [
        ["better", 7, 3, 2, 1, 2, 2, 1],
        ["stabilises: flat", 1, 0, 0, 0, 0, 0, 0],
        ["all", 8, 3, 2, 1, 2, 2, 1],
    ]
    assert len(table["header"]) == len(table["rows"][0])


def test_what_those_that_are_lost_had_before():
    rows = [lost(90.0), lost(100.0), lost(110.0), lost(120.0)]
    # Nobody is lost; nobody is left to be compared with; those that are lost have no value.
    rows += [lost(np.nan, count=0), lost(90.0, pairs=0), lost(np.nan)]
    (sentence,) = verdicts.left_out(pd.DataFrame(rows))
    assert sentence.startswith("sparser: 4 comparisons in which the second run loses")
    assert sentence.endswith("smaller than that of the pairs in 1, equal in 1, larger in 2")
    # One may be lost, and one may be left.
    (sentence,) = verdicts.left_out(pd.DataFrame([lost(90.0, count=1, pairs=1)]))
    assert sentence.startswith("sparser: 1 comparison in which")
    # A level before the decay is no end value, be it that of the first run.
    of_level = row("stabilises: high", "holds", "holds", 0.2, lost=3, median_a_of_lost=90.0)
    assert verdicts.left_out(pd.DataFrame([of_level])) == []
    # Whether runs agree is no matter of which are smaller.
    assert verdicts.left_out(pd.DataFrame([lost(90.0) | {"claim": "agrees"}])) == []


def page_with(claims):
    spec = {"figures": [], "experiments": []}
    template = (ROOT / "workflow" / "report" / "page.html").read_text()
    return report.build(spec, pd.DataFrame(), {}, {}, template, claims)


def test_the_report_shows_both():
    page = page_with(pd.concat([CLAIMS, pd.DataFrame([lost(90.0)])]))
    assert "<td>better</td><td>7</td><td>3</td><td>2</td><td>1</td>" in page
    assert "<li>sparser: 1 comparison in which" in page
    without = page_with(CLAIMS)
    assert "<td>better</td>" in without
    assert "Is it a selection" not in without


def test_the_report_without_claims():
    assert "after Holm" in page_with(CLAIMS)
    assert "after Holm" not in page_with(None)
    assert "after Holm" not in page_with(CLAIMS.iloc[:0])
