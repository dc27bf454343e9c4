"""Agreement of runs with another one, within a margin."""

import numpy as np
import pandas as pd
import pytest
from claim_tables import NO_CLAIMS, T, constant

from sparsestep import config
from sparsestep.claims.verdicts import COLUMNS, judge
from sparsestep.claims.words import sentences
from sparsestep.errors import ConfigError

AGREES = {"reference": "sgd", "runs": ["sde"], "metrics": ["l0"], "margin": 1.25}


def judged(reference, others, diverged=(), **agrees):
    values = {"sgd": reference, "sde": others}
    rows = [
        (run, r, 90, 7 if (run, r) in diverged else -1, value, 0.0, r)
        for run, of_run in values.items()
        for r, value in enumerate(of_run)
    ]
    names = ["run", "replicate", "iteration", "diverged_at", "l0", "train_loss", "other"]
    table = pd.DataFrame(rows, columns=names)
    table.loc[table["diverged_at"] >= 0, "l0"] = np.nan
    claims = {**NO_CLAIMS, "agrees": {**AGREES, **agrees}}
    # A run that follows another has no schedule and is not among the runs.
    entry = {"name": "one", "iterations": T, "claims": claims, "runs": {"sgd": constant(1.0)}}
    found = judge({"one": table}, {"experiments": [entry]})
    assert tuple(found.columns) == COLUMNS
    (row,) = found.to_dict("records")
    return row, sentences(found)


HUNDREDS = [100.0 + r for r in range(8)]


@pytest.mark.parametrize(
    ("factor", "margin", "verdict"),
    [
        (1.0, 1.25, "holds"),
        (1.24, 1.25, "holds"),
        (0.81, 1.25, "holds"),
        (1.26, 1.25, "contradicted"),
        (0.79, 1.25, "contradicted"),
        (1.1, 1.05, "contradicted"),
    ],
)
def test_all_ratios_on_one_side(factor, margin, verdict):
    row, _ = judged(HUNDREDS, [factor * value for value in HUNDREDS], margin=margin)
    assert row["verdict"] == verdict
    assert (row["run_a"], row["run_b"], row["effect_kind"]) == ("sgd", "sde", "ratio")
    assert row["effect"] == pytest.approx(factor)
    assert row["pairs"] == 8
    assert np.isnan(row["phase_b"])
    assert row["phase_a"] == 0


def test_a_difference_that_is_not_shown_is_no_agreement():
    ratios = np.array([0.5, 0.6, 0.7, 0.9, 1.0, 1.3, 1.6, 2.0])
    row, text = judged(HUNDREDS, ratios * HUNDREDS)
    assert row["verdict"] == "not shown"
    assert (row["lower"], row["equal"], row["higher"]) == (3, 2, 3)
    # Both bounds have to be refuted: p is the larger one, of three below 0.8 and five above.
    assert row["p"] == pytest.approx(2 * sum([1, 8, 28, 56]) / 2**8)
    assert "sde beside sgd (medians" in text[0]
    assert "below in 3, within in 2, above in 3 (of the margin) of 8 pairs" in text[0]


def test_a_replicate_that_dies_counts_against_it():
    row, _ = judged(HUNDREDS, HUNDREDS, diverged=[("sde", 6), ("sde", 7)])
    assert (row["verdict"], row["pairs"], row["lost"]) == ("holds", 6, 2)
    assert row["verdict_lost_against"] == "not shown"


def test_lost_replicates_count_on_the_worse_side():
    """Above the margin they would hold up those that lie below it."""
    lost = [("sde", r) for r in range(8, 16)]
    sixteen = [100.0 + r for r in range(16)]
    row, _ = judged(sixteen, [0.5 * value for value in sixteen], diverged=lost)
    assert (row["verdict"], row["lost"]) == ("contradicted", 8)
    assert row["verdict_lost_against"] == "contradicted"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"runs": ["smal"]}, r"agrees\.runs\.0: there is no such run, got 'smal'; valid: "),
        ({"reference": "x"}, r"agrees\.reference: there is no such run, got 'x'; valid: small"),
        ({"runs": ["small"]}, r"agrees\.runs\.0: got 'small', which is the reference itself"),
        ({"metrics": ["l1"]}, r"agrees\.metrics\.0: not measured there, got 'l1'"),
        ({"margin": 1}, r"agrees\.margin: got 1; input should be greater than 1"),
        ({"runs": []}, r"agrees\.runs: got \[\]; must have at least 1 entry"),
    ],
)
def test_mistakes_are_one_line(tiny, changes, says):
    block = {"reference": "small", "runs": ["decay-50"], "metrics": ["l0"], **changes}
    tiny["experiments"]["first"]["claims"] = {"agrees": block}
    with pytest.raises(ConfigError, match=r"^experiments\.first\.claims\." + says) as caught:
        config.load(tiny)
    assert "\n" not in str(caught.value)


def test_of_two_sides_that_show_nothing_the_larger_p_is_the_worse():
    """Six within and one above: two more above are three of nine, two below only two."""
    ratios = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.3])
    nine = [100.0 + r for r in range(9)]
    others = [*(ratios * nine[:7]), 1.0, 1.0]
    row, _ = judged(nine, others, diverged=[("sde", 7), ("sde", 8)])
    assert (row["pairs"], row["lost"], row["verdict_lost_against"]) == (7, 2, "not shown")
    assert row["p_lost_against"] == pytest.approx(2 * sum([1, 9, 36, 84]) / 2**9)


def test_every_run_and_metric_has_a_row_and_those_that_coincide_in_both_count_once():
    rows = [
        (run, r, 90, -1, (100.0 + r) * of, 1.0, number)
        for run, of in (("sgd", 1.0), ("sde", 1.1), ("noisy", 2.0))
        for r in range(8)
        # The replicates of one run are all the same; those of the reference are not.
        for number in ([0] if run == "sde" else [r])
    ]
    names = ["run", "replicate", "iteration", "diverged_at", "l0", "train_loss", "other"]
    table = pd.DataFrame(rows, columns=names)
    table.loc[table["run"] == "sde", "l0"] = 110.0
    agrees = {**AGREES, "runs": ["sde", "noisy"], "metrics": ["l0", "train_loss"]}
    claims = {**NO_CLAIMS, "agrees": agrees}
    entry = {"name": "one", "iterations": T, "claims": claims, "runs": {"sgd": constant(1.0)}}
    found = judge({"one": table}, {"experiments": [entry]})
    told = [(row.metric, row.run_a, row.run_b, row.pairs) for row in found.itertuples()]
    assert told == [
        (metric, "sgd", run, 8) for metric in ("l0", "train_loss") for run in ("sde", "noisy")
    ]
    # Where those of the reference coincide too, they are one.
    table.loc[table["run"] == "sgd", ["l0", "other"]] = 100.0, 0
    found = judge({"one": table}, {"experiments": [entry]})
    assert list(found["pairs"]) == [1, 8, 1, 8]
    assert list(found["survivors_both"]) == [8] * 4
