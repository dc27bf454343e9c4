"""Verdicts on tables whose verdict is known."""

from math import comb

import numpy as np
import pandas as pd
import pytest
from claim_tables import EIGHT, NO_CLAIMS, RUNS, TWO, T, between, judged, levels, table_of

from sparsestep.claims import words
from sparsestep.claims.compared import Claimed, contents_of, distinct_in
from sparsestep.claims.verdicts import judge
from sparsestep.claims.words import sentences, value_text


def test_holds():
    table = table_of({"small": 20 + EIGHT, "short": 15 + EIGHT, "long": 10 - EIGHT})
    found = judged(table, sparser=["l0"])
    assert list(zip(found["run_a"], found["run_b"], strict=True)) == [
        ("small", "short"),
        ("small", "long"),
        ("short", "long"),
    ]
    row = between(found, "small", "short")
    # Every replicate falls by five.
    assert (row["effect"], row["low"], row["high"], row["verdict"]) == (-5, -5, -5, "holds")
    assert (row["phase_a"], row["phase_b"]) == (0, 0.2)
    assert (row["median_a"], row["median_b"], row["replicates"]) == (23.5, 18.5, 8)
    row = between(found, "small", "long")
    assert row["effect"] == np.median(-10 - 2 * EIGHT)
    assert -24 <= row["low"] < row["effect"] < row["high"] <= -10
    assert (row["pairs"], row["lower"], row["effect_kind"]) == (8, 8, "difference")


def test_contradicted_and_not_shown():
    table = table_of({"small": 1 + EIGHT, "short": 3 * (1 + EIGHT), "long": (1 + EIGHT)[::-1]})
    found = judged(table, better=["l0"])
    row = between(found, "small", "short")
    assert (row["effect"], row["verdict"], row["lower"]) == (3, "contradicted", 0)
    assert row["effect_kind"] == "ratio"
    row = between(found, "small", "long")
    assert row["low"] < 1 < row["high"]
    assert (row["verdict"], row["lower"], row["pairs"]) == ("not shown", 4, 8)


def test_no_effect_at_all_is_not_shown():
    found = judged(table_of({"small": EIGHT, "short": EIGHT, "long": EIGHT}), better=["l0"])
    # 0 / 0 is no effect either.
    assert set(found["verdict"]) == {"not shown"}
    assert set(found["effect"]) == {1.0}


def test_pairs_are_of_those_that_survive_in_both():
    diverged = {("short", 0), ("short", 1), ("long", 1), ("long", 2)}
    table = table_of({"small": 20 + EIGHT, "short": 15 + EIGHT, "long": 10 + EIGHT}, diverged)
    row = between(judged(table, sparser=["l0"]), "short", "long")
    assert (row["survivors_a"], row["survivors_b"], row["pairs"]) == (6, 6, 5)
    # Not over the six that survive each, which are others: the effect is that of these pairs.
    pairs = EIGHT[3:]
    medians = (np.median(15 + pairs), np.median(10 + pairs))
    assert (row["median_a"], row["median_b"]) == medians
    # Five are too few, even if all of them fall.
    assert (row["lower"], row["verdict"]) == (5, "not shown")
    assert np.isnan(row["low"])


@pytest.mark.parametrize("survivors", [0, 1])
def test_all_diverged_and_one_survivor(survivors):
    diverged = {("long", replicate) for replicate in range(survivors, 8)}
    table = table_of({"small": 20 + EIGHT, "short": 15 + EIGHT, "long": 10 + EIGHT}, diverged)
    found = judged(table, sparser=["l0"], stabilises="l0")
    row = between(found, "small", "long")
    assert (row["survivors_b"], row["pairs"], row["verdict"]) == (survivors, survivors, "not shown")
    assert np.isnan(row["effect"]) == (survivors == 0)
    text = " ".join(sentences(found))
    pair = "lower in 1, equal in 0, higher in 0 of 1 pair, difference −10, p = 1: not shown"
    assert ("no replicate survives in both", pair)[survivors] in text
    assert "nan" not in text


def test_replicates_that_coincide_count_once():
    table = table_of({"small": [9.0] * 8, "short": [5.0] * 8, "long": [4.0] * 8})
    same = judged(table.assign(other=0), sparser=["l0"])
    assert set(same["pairs"]) == {1}
    assert set(same["verdict"]) == {"not shown"}
    assert "of 1 pair (8 replicates coincide), difference −5" in sentences(same)[0]
    three = judged(table.assign(other=table["other"] % 3), sparser=["l0"])
    assert "of 3 pairs (8 replicates, some of which coincide), difference" in sentences(three)[0]
    # Those that coincide in one of both runs alone are two pairs.
    for run in ("small", "long"):
        alike = table.assign(other=table["other"].where(table["run"] != run, 0))
        row = between(judged(alike, sparser=["l0"]), "small", "long")
        assert (row["pairs"], row["verdict"]) == (8, "holds")
    # The same rank, but not the same replicate.
    assert set(judged(table, sparser=["l0"])["verdict"]) == {"holds"}


def test_replicates_that_diverge_at_once_coincide_only_if_at_the_same_iteration():
    table = table_of({"small": [9.0] * 4})
    table["diverged_at"] = table["replicate"].map({0: 5, 1: 6, 2: 5, 3: 7})
    table[["l0", "train_loss", "other"]] = np.nan
    assert distinct_in(contents_of(table)["small"]) == [0, 1, 3]


@pytest.mark.parametrize("scale", [5.0, 1e-12])
@pytest.mark.parametrize(("size", "pairs"), [(1e-9, 1), (1.4e-7, 1), (1.2e-6, 8), (1e-3, 8)])
def test_replicates_that_differ_by_rounding_coincide(size, pairs, scale):
    table = table_of({"small": [9.0] * 8, "short": [5.0] * 8, "long": [4.0] * 8})
    # As copies with perturbed starts that are not chaotic.
    near = judged(table.assign(other=scale * (1 + size * table["other"])), sparser=["l0"])
    assert set(near["pairs"]) == {pairs}


def test_equal_pairs_are_neither_lower_nor_higher():
    ends = {"small": [9.0] * 8, "long": [9.0, 9.0, 9.0, 10.0, 4.0, 4.0, 4.0, 4.0]}
    found = judged(table_of(ends), {name: RUNS[name] for name in ends}, sparser=["l0"])
    row = between(found, "small", "long")
    assert (row["pairs"], row["effect"]) == (8, -2.5)
    assert (row["lower"], row["equal"], row["higher"]) == (4, 3, 1)
    # Four of the five that differ: 2 (1 + 5) / 2^5.
    assert row["p"] == 0.375
    assert "lower in 4, equal in 3, higher in 1 of 8 pairs" in sentences(found)[0]


def test_a_family_is_a_claim_in_all_experiments():
    falls = table_of({"small": 20 + EIGHT, "long": 10 + EIGHT})
    # Seven of eight: 2 (1 + 8) / 2^8 = 0.0703.
    mixed = table_of({"small": 20 + EIGHT, "long": 10 + EIGHT + [0, 0, 0, 0, 0, 0, 0, 20]})
    claims = {**NO_CLAIMS, "sparser": ["l0"], "better": ["l0"]}
    tables = {"one": falls, "two": mixed, "three": mixed}
    entries = [
        {"name": name, "iterations": T, "claims": claims, "runs": TWO} for name in ("one", "two")
    ]
    entries.append({**entries[0], "name": "three", "claims": {**NO_CLAIMS, "sparser": ["l0"]}})
    found = judge(tables, {"experiments": entries})
    sparser = found[found["claim"] == "sparser"].set_index("experiment")
    assert list(sparser["p"]) == pytest.approx([2 / 2**8, 18 / 2**8, 18 / 2**8])
    # Of three rows and of two.
    assert sparser["p_holm"]["one"] == pytest.approx(3 * 2 / 2**8)
    better = found[found["claim"] == "better"].set_index("experiment")
    assert better["p_holm"]["one"] == better["p_fdr"]["one"] == pytest.approx(2 * 2 / 2**8)
    assert sparser["p_fdr"]["two"] == pytest.approx(18 / 2**8)


def test_a_verdict_that_no_correction_leaves():
    ends = {"small": 20 + EIGHT[:6], "short": 19 + EIGHT[:6], "long": 25 - 6 * EIGHT[:6]}
    found = judged(table_of(ends), sparser=["l0"])
    row = between(found, "small", "short")
    # Six of six: 2 / 2^6, and no smaller one beside it in a family of three.
    assert (row["p"], row["p_fdr"]) == pytest.approx((2 / 2**6, 3 * 2 / 2**6))
    assert (row["verdict"], row["verdict_corrected"]) == ("holds", "not shown")
    assert between(found, "small", "long")["verdict_corrected"] == "not shown"
    # With a second one as small, 3 / 2 of it is small enough.
    text = sentences(judged(table_of({**ends, "long": 19 + EIGHT[:6]}), sparser=["l0"]))[0]
    assert "p = 0.031: holds" in text
    assert "holds (not after correction)" not in text


@pytest.mark.parametrize(
    ("lost", "against"), [(2, "holds"), (3, "not shown"), (10, "not shown"), (11, "contradicted")]
)
def test_what_the_second_run_loses_counts_against_the_claim(lost, against):
    # All that survive fall. Of thirteen, the interval ends with the third from either end.
    values = np.arange(13.0)
    diverged = {("long", replicate) for replicate in range(lost)}
    found = judged(table_of({"small": 20 + values, "long": values}, diverged), TWO, sparser=["l0"])
    row = between(found, "small", "long")
    assert (row["lost"], row["pairs"], row["verdict_lost_against"]) == (lost, 13 - lost, against)
    assert row["verdict"] == ("holds" if lost <= 7 else "not shown")
    fewer = min(lost, 13 - lost)
    assert row["p_lost_against"] == pytest.approx(
        2 * sum(comb(13, k) for k in range(fewer + 1)) / 2**13
    )
    # The argument about who survives: those that are lost had smaller values before.
    assert row["median_a_of_lost"] == np.median(20 + values[:lost])
    assert row["median_a"] == np.median(20 + values[lost:])
    level = f"the {lost} that long loses (median under small {row['median_a_of_lost']:.3g})"
    assert f"{row['verdict']}, and {against} where {level} count against it" in (
        sentences(found)[0].replace(" (too few pairs)", "")
    )


def test_what_the_first_run_loses_says_nothing():
    diverged = {("small", 0), ("small", 1), ("long", 1)}
    table = table_of({"small": 20 + EIGHT, "long": 10 + EIGHT}, diverged)
    row = between(judged(table, TWO, sparser=["l0"]), "small", "long")
    assert (row["lost"], row["pairs"]) == (0, 6)
    assert np.isnan(row["median_a_of_lost"])
    assert (row["p_lost_against"], row["verdict_lost_against"]) == (row["p"], row["verdict"])


def test_training_losses_stand_beside_what_is_sparser():
    table = table_of({"small": 20 + EIGHT, "long": 10 + EIGHT}, {("long", 7)})
    table["train_loss"] = np.where(table["run"] == "long", 0.02, 0.001) * (1 + table["replicate"])
    found = judged(table, TWO, sparser=["l0"])
    row = between(found, "small", "long")
    # Over the seven pairs.
    assert (row["train_loss_a"], row["train_loss_b"]) == pytest.approx((0.004, 0.08))
    assert "training loss 0.004 to 0.08: holds" in sentences(found)[0]
    assert "training loss" not in sentences(judged(table, TWO, better=["l0"]))[0]
    unknown = judged(table.drop(columns="train_loss"), TWO, sparser=["l0"])
    assert np.isnan(unknown["train_loss_a"]).all()


def test_one_pair_is_not_said_to_coincide_where_others_diverged():
    diverged = {("small", r) for r in range(4, 8)} | {("long", r) for r in range(3)}
    ends = {"small": 20 + EIGHT, "long": 10 + EIGHT}
    runs = {name: RUNS[name] for name in ends}
    found = judged(table_of(ends, diverged), runs, sparser=["l0"])
    row = between(found, "small", "long")
    assert (row["survivors_a"], row["survivors_b"]) == (4, 5)
    assert (row["survivors_both"], row["pairs"]) == (1, 1)
    assert "of 1 pair, difference −10, p = 1: not shown" in sentences(found)[0]


def test_errors_are_told_in_per_cent():
    told = [value_text(0.0725, name) for name in ("test_error", "test_loss")]
    assert told == ["7.25 %", "0.0725"]
    assert value_text(np.nan, "test_error") == "none"


def test_sentences_take_their_numbers_from_the_rows():
    table = table_of({"small": 20 + EIGHT, "short": 15 + EIGHT, "long": 10 + EIGHT})
    (text,) = sentences(judged(table, sparser=["l0"]))
    assert text == (
        "number of non-zero coordinates: from small to long (medians 23.5 to 13.5) lower in 8, "
        "equal in 0, higher in 0 of 8 pairs, difference −10 (95 %: −10 to −10), p = 0.0078: holds; "
        "from short to long (medians 18.5 to 13.5) lower in 8, equal in 0, higher in 0 of 8 pairs, "
        "difference −5 (95 %: −5 to −5), p = 0.0078: holds."
    )
    (text,) = sentences(judged(levels(0.0, 1e-6), {"long": RUNS["long"]}, stabilises="train_loss"))
    assert "second half of the large steps: holds for long (1, 1 to 1)." in text
    assert sentences(judged(table)) == []


@pytest.mark.parametrize(
    ("value", "metric", "expected"),
    [
        (99.95, "l0", "100"),
        (100.0, "l0", "100"),
        (123.45, "l0", "123.5"),
        (-0.5, "l0", "\N{MINUS SIGN}0.5"),
        (-123.45, "l0", "\N{MINUS SIGN}123.5"),
        (1.5e-7, "train_loss", "1.5e-07"),
        (-1.5e-7, "train_loss", "\N{MINUS SIGN}1.5e-07"),
        (0.1234, "test_error", "12.3 %"),
        (np.nan, "test_error", "none"),
        (np.nan, "l0", "none"),
    ],
)
def test_numbers_as_sentences_have_them(value, metric, expected):
    assert value_text(value, metric) == expected


@pytest.mark.parametrize(
    ("p", "expected"), [(1e-4, "= 0.0001"), (9.9e-5, "< 0.0001"), (0.0312, "= 0.031")]
)
def test_small_p_are_bounds(p, expected):
    assert words._p(p) == expected


@pytest.mark.parametrize(
    ("pairs", "unfit", "both", "expected"),
    [
        (1, 0, 1, "1 pair"),
        (2, 0, 2, "2 pairs"),
        (1, 0, 8, "1 pair (8 replicates coincide)"),
        (1, 1, 8, "1 pair (8 replicates, some of which coincide) that fit (1 do not)"),
        (5, 3, 8, "5 pairs that fit (3 do not)"),
    ],
)
def test_pairs_in_words(pairs, unfit, both, expected):
    assert words._pairs({"pairs": pairs, "unfit": unfit, "survivors_both": both}) == expected


def test_what_is_lost_is_told_of_the_second_run_with_its_verdict():
    row = {"lost": 1, "run_a": "small", "run_b": "long", "metric": "l0", "median_a_of_lost": 3.0}
    row["verdict_lost_against"] = "not shown"
    said = ", and not shown where the 1 that long loses (median under small 3) counts against it"
    assert words._lost(row) == said
    assert words._lost({**row, "lost": 2}).endswith(
        "the 2 that long loses (median under small 3) count against it"
    )
    assert words._lost({**row, "lost": 0}) == ""


@pytest.mark.parametrize(
    ("lost", "survivors", "claim", "why"),
    [
        (3, (0, 0), "stabilises: flat", "no value"),
        (0, (8, 7), "stabilises: high", "no value"),
        (0, (8, 8), "stabilises: flat", "too few snapshots or a loss of 0 there"),
        (0, (8, 8), "stabilises: high", "too few snapshots there"),
    ],
)
def test_why_a_run_has_no_ratio(lost, survivors, claim, why):
    a, b = survivors
    row = {"lost": lost, "claim": claim, "survivors_a": a, "survivors_b": b}
    assert words._why_none(row) == why


@pytest.mark.parametrize(
    ("pairs", "low", "corrected", "told"),
    [
        (0, np.nan, "not shown", "not shown"),
        (3, np.nan, "not shown", "not shown (too few pairs)"),
        (8, 0.5, "not shown", "not shown"),
    ],
)
def test_too_few_pairs_are_some(pairs, low, corrected, told):
    row = {"pairs": pairs, "low": low, "verdict": "not shown", "verdict_corrected": corrected}
    assert words._verdict(row) == told
    if pairs == 8:
        assert words._verdict({**row, "verdict": "holds"}) == "holds (not after correction)"


def test_of_many_comparisons_the_longest_with_the_shortest_are_told():
    phases = [(0.0, 0.2), (0.0, 0.5), (0.2, 0.5), (0.3, 0.5)]
    rows = pd.DataFrame(phases, columns=["phase_a", "phase_b"])
    told = [(row["phase_a"], row["phase_b"]) for row in words._extremes(rows)]
    assert told == [(0.0, 0.5), (0.2, 0.5)]
    # Without one that has no large steps, the shortest alone.
    told = [row["phase_a"] for row in words._extremes(rows.iloc[2:])]
    assert told == [0.2]


def test_a_ratio_of_two_zeros_is_one_and_bounds_are_sorted():
    ratio = Claimed("ratio", below=2.0, above=0.5)
    assert (ratio.bounds, ratio.worst) == ([0.5, 2.0], [-np.inf, np.inf])
    found = ratio.effects(np.array([0.0, 0.0, 2.0]), np.array([0.0, 3.0, 1.0]))
    assert found.tolist() == [1.0, np.inf, 0.5]
    assert Claimed("difference", below=0.0).worst == [np.inf]
    assert Claimed("difference", above=0.0).worst == [-np.inf]
    assert Claimed("difference").effects(np.array([3.0]), np.array([1.0])).tolist() == [-2.0]


def test_distinct_replicates_are_in_all_runs_and_the_first_of_those_that_coincide():
    a = {0: b"x", 1: b"x", 2: b"y", 3: b"z"}
    b = {3: b"z", 2: b"y", 1: b"x", 0: b"w"}
    assert distinct_in(a) == [0, 2, 3]
    assert distinct_in(a, b) == [0, 1, 2, 3]
    assert distinct_in(a, {1: b"x", 2: b"y"}) == [1, 2]
    # Only those that coincide in each of the runs are one.
    assert distinct_in(a, {0: b"w", 1: b"w", 3: b"w"}) == [0, 3]
