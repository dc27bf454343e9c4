"""Sparsity compared among networks that fit their training data."""

import json

import numpy as np
import pytest
from claim_tables import EIGHT, TWO, judged, table_of

from sparsestep import config
from sparsestep.claims.words import sentences
from sparsestep.errors import ConfigError
from sparsestep.plan import Plan

BOUND = {"fits": {"train_loss": 0.01}}


def table_with_losses(small, long, diverged=()):
    """Every replicate falls from 20 + r to 10 + r; the training losses are given."""
    table = table_of({"small": 20 + EIGHT, "long": 10 + EIGHT}, diverged)
    losses = {"small": np.broadcast_to(small, 8), "long": np.broadcast_to(long, 8)}
    pairs = zip(table["run"], table["replicate"], strict=True)
    return table.assign(train_loss=[losses[run][replicate] for run, replicate in pairs])


def test_only_pairs_whose_networks_fit_under_both_runs_are_compared():
    small = np.array([0.02, *[0.001] * 7])
    # 0.01 itself is small enough.
    long = np.array([0.001, 0.5, 0.3, *[0.01] * 5])
    (row,) = judged(table_with_losses(small, long), TWO, sparser=["l0"], **BOUND).to_dict("records")
    assert (row["survivors_both"], row["unfit"], row["pairs"], row["lower"]) == (8, 3, 5, 5)
    # Medians of those compared.
    assert (row["median_a"], row["median_b"]) == (25, 15)
    assert (row["train_loss_a"], row["train_loss_b"]) == (0.001, 0.01)
    # Eight pairs of networks that need not fit do hold.
    assert row["verdict"] == "not shown"
    (free,) = judged(table_with_losses(small, long), TWO, sparser=["l0"]).to_dict("records")
    assert (free["unfit"], free["pairs"], free["verdict"]) == (0, 8, "holds")


def test_what_does_not_fit_under_the_second_run_is_lost():
    small = np.array([0.5, *[0.001] * 7])
    long = np.array([0.5, 0.5, *[0.001] * 6])
    table = table_with_losses(small, long, {("long", 2)})
    (row,) = judged(table, TWO, sparser=["l0"], **BOUND).to_dict("records")
    # Not the first one, which does not fit under the first run either.
    assert (row["unfit"], row["lost"], row["pairs"]) == (2, 2, 5)
    assert row["median_a_of_lost"] == 21.5
    # Five below, two lost: 2 (1 + 7 + 21) / 2^7.
    assert row["p_lost_against"] == pytest.approx(2 * 29 / 2**7)


def test_other_claims_are_judged_on_all_that_survive():
    table = table_with_losses(0.001, 0.5)
    found = judged(table, TWO, better=["l0"], sparser=["l0"], **BOUND).set_index("claim")
    assert list(found.loc[["better", "sparser"], "pairs"]) == [8, 0]
    assert list(found.loc[["better", "sparser"], "verdict"]) == ["holds", "not shown"]
    assert found.loc["sparser", "verdict_lost_against"] == "contradicted"


def test_sentences_say_how_many_do_not_fit():
    long = np.array([0.5, *[0.001] * 7])
    (text,) = sentences(judged(table_with_losses(0.002, long), TWO, sparser=["l0"], **BOUND))
    assert "higher in 0 of 7 pairs that fit (1 do not), difference −10" in text
    assert "training loss 0.002 to 0.001: holds, and not shown where the 1 that long loses" in text
    assert text.endswith("(median under small 20) counts against it.")
    assert "coincide" not in text
    (text,) = sentences(judged(table_with_losses(0.002, 0.5), TWO, sparser=["l0"], **BOUND))
    assert "from small to long no replicate fits the training data in both: not shown" in text


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        (
            {"better": ["test_loss"], **BOUND},
            r"claims\.fits: of no use without `sparser` or `trend`",
        ),
        (
            {"sparser": ["l0"], "fits": {"train_loss": 0}},
            r"claims\.fits\.train_loss: got 0; input should be greater than 0",
        ),
        (
            {"sparser": ["l0"], "fits": {"test_loss": 0.1}},
            r"claims\.fits\.test_loss: unknown key",
        ),
        ({"sparser": ["l0"], "fits": 0.01}, r"claims\.fits: got 0\.01; must be a block"),
    ],
)
def test_bounds_that_cannot_be(tiny, claims, says):
    tiny["experiments"]["first"]["claims"] = claims
    with pytest.raises(ConfigError, match=says):
        config.load(tiny)


def test_a_bound_on_what_is_not_measured(tiny):
    first = tiny["experiments"]["first"]
    first["claims"] = {"sparser": ["l0"], **BOUND}
    config.load(tiny)
    del first["measure"]["losses"]
    with pytest.raises(ConfigError, match=r"claims\.fits\.train_loss: not measured"):
        config.load(tiny)


def test_a_bound_reaches_the_verdicts_and_nothing_else(tiny):
    first = tiny["experiments"]["first"]
    first["claims"] = {"sparser": ["l0"]}
    before = Plan(tiny)
    first["claims"] = {"sparser": ["l0"], **BOUND}
    after = Plan(tiny)
    (told,) = json.loads(after.jobs.spec("claims")(None))["experiments"]
    assert told["claims"]["fits"] == {"train_loss": 0.01}
    assert "fits" not in before.jobs.spec("claims")(None)
    assert before.experiments.measurement_paths() == after.experiments.measurement_paths()
    assert before.report.settings() == after.report.settings()


def test_all_small_networks_of_config_yaml_have_the_same_bound_and_no_others_have_one(published):
    bounds = {}
    for entry in published.config.experiments.values():
        if entry.claims.sparser:
            told = entry.claims.fits and entry.claims.fits.train_loss
            bounds.setdefault(entry.family.name, set()).add(told)
    assert bounds == {"vectors": {0.01}, "images": {None}}


def test_a_bound_is_of_use_to_a_trend(tiny):
    tiny["experiments"]["first"]["claims"] = {"trend": ["l0"], **BOUND}
    assert config.load(tiny).experiments["first"].claims.fits.train_loss == 0.01
