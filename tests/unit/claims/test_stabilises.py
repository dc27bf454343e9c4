"""Verdicts on a loss that large steps hold at a high level, or do not."""

from math import comb

import pytest
from claim_tables import RUNS, judged, levels


@pytest.mark.parametrize(
    ("slope", "end", "high", "flat"),
    [
        (0.0, 1e-6, "holds", "holds"),
        (0.0, 0.09, "contradicted", "holds"),
        (-0.1, 1e-12, "holds", "contradicted"),
        (+0.1, 1e-12, "holds", "contradicted"),
        (-0.01, 1e-6, "holds", "holds"),
        (-0.1, 1e-3, "contradicted", "contradicted"),
    ],
)
def test_stabilises(slope, end, high, flat):
    found = judged(levels(slope, end), {"long": RUNS["long"]}, stabilises="train_loss")
    rows = found.set_index("claim")
    assert list(rows.index) == ["stabilises: high", "stabilises: flat"]
    assert list(rows["verdict"]) == [high, flat]
    # Over 25 iterations; the fit is exact.
    assert rows["effect"]["stabilises: flat"] == pytest.approx(10 ** (25 * slope))
    assert rows["median_b"]["stabilises: high"] == pytest.approx(end)


def test_the_second_half_of_the_large_steps_is_from_half_to_the_decay():
    table = levels(0.0, 1e-6, (0, 24, 25, 30, 50, 90))
    for iteration, value in ((24, 1.0), (25, 5.0), (30, 7.0), (50, 100.0)):
        table.loc[table["iteration"] == iteration, "train_loss"] = value
    found = judged(table, {"long": RUNS["long"]}, stabilises="train_loss")
    assert found.set_index("claim")["median_a"]["stabilises: high"] == 6.0


def test_what_diverges_does_not_stabilise():
    table = levels(0.0, 1e-6, replicates=13)
    table.loc[table["replicate"] < 3, "diverged_at"] = 60
    rows = judged(table, {"long": RUNS["long"]}, stabilises="train_loss").set_index("claim")
    assert list(rows["verdict"]) == ["holds", "holds"]
    assert (list(rows["lost"]), list(rows["pairs"])) == ([3, 3], [10, 10])
    assert list(rows["verdict_lost_against"]) == ["not shown", "not shown"]
    # Of 13, three above 1/2: 2 P(Bin(13, 1/2) <= 3).
    p = 2 * sum(comb(13, k) for k in range(4)) / 2**13
    assert list(rows["p_lost_against"]) == pytest.approx([p, p])
    table["diverged_at"] = 60
    rows = judged(table, {"long": RUNS["long"]}, stabilises="train_loss")
    assert list(rows["verdict_lost_against"]) == ["contradicted", "contradicted"]


def test_nothing_is_lost_where_there_are_too_few_snapshots():
    table = levels(0.0, 1e-6, (0, 30, 40, 90), replicates=13)
    table.loc[table["replicate"] < 8, "diverged_at"] = 60
    rows = judged(table, {"long": RUNS["long"]}, stabilises="train_loss").set_index("claim")
    flat = rows.loc["stabilises: flat"]
    assert (flat["pairs"], flat["lost"], flat["verdict_lost_against"]) == (0, 0, "not shown")
    assert rows.loc["stabilises: high", "lost"] == 8


def test_no_fit_through_two_snapshots_or_zeros():
    few = judged(
        levels(0.0, 1e-6, (0, 30, 40, 90)), {"long": RUNS["long"]}, stabilises="train_loss"
    )
    assert list(few["verdict"]) == ["holds", "not shown"]
    table = levels(0.0, 1e-6)
    table.loc[table["iteration"] == 40, "train_loss"] = 0.0
    zero = judged(table, {"long": RUNS["long"]}, stabilises="train_loss")
    assert list(zero["verdict"]) == ["holds", "not shown"]
    assert list(zero["pairs"]) == [8, 0]
