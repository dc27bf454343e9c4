"""Trends over the fraction of the edge, replicate by replicate."""

import numpy as np
import pandas as pd
import pytest
from claim_tables import NO_CLAIMS, T, constant, decay
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sparsestep.claims import trends
from sparsestep.claims.pairs import large_steps, larger_before_decay, over_the_edge
from sparsestep.claims.verdicts import COLUMNS, judge
from sparsestep.claims.words import sentences

FRACTIONS = (0.3, 0.5, 0.7, 0.95, 0.99)
NAMES = [f"edge-{round(100 * fraction)}" for fraction in FRACTIONS]


def at(fraction, **others):
    run = decay(1.0, 0.5)
    return {**run, "schedule": {**run["schedule"], "step_size": {"of_edge": fraction}, **others}}


RUNS = dict(zip(NAMES, map(at, FRACTIONS), strict=True))


def table_of(values, losses=None, diverged=()):
    """Last snapshots: `values` and `losses` are (replicates, runs)."""
    values = np.asarray(values, dtype=float)
    losses = np.zeros(values.shape) if losses is None else losses
    rows = [
        (run, r, 90, 7 if (run, r) in diverged else -1, values[r, column], losses[r][column], r)
        for r in range(len(values))
        for column, run in enumerate(NAMES)
    ]
    names = ["run", "replicate", "iteration", "diverged_at", "l0", "train_loss", "other"]
    return pd.DataFrame(rows, columns=names)


def judged(table, ratios=(), runs=RUNS, **claims):
    claims = {**NO_CLAIMS, "trend": ["l0"], **claims}
    entry = {"name": "one", "iterations": T, "claims": claims, "runs": runs, "ratios": list(ratios)}
    found = judge({"one": table}, {"experiments": [entry]})
    assert tuple(found.columns) == COLUMNS
    assert set(found["claim"]) <= {"trend"}
    return found.to_dict("records")


def falling(replicates=8):
    return 50 - 10 * np.arange(5.0) + np.arange(float(replicates))[:, None]


@pytest.mark.parametrize(
    ("values", "tau"),
    [
        ([5, 4, 3, 2, 1], -1),
        ([1, 2, 3, 4, 5], 1),
        # Of ten pairs one is concordant.
        ([5, 4, 3, 1, 2], -8 / 10),
        # Of ten, three are tied: -7 / sqrt(10 * 7).
        ([5, 4, 3, 3, 3], -7 / np.sqrt(70)),
        ([3, 3, 3, 3, 3], 0),
        ([5, np.nan, 3, np.nan, 4], -1 / 3),
    ],
)
def test_kendalls_tau(values, tau):
    found = trends.kendall(np.array(FRACTIONS), np.array(values, dtype=float))
    assert found == pytest.approx(tau)


def test_no_tau_of_two():
    assert np.isnan(trends.kendall(np.array(FRACTIONS), np.array([1, 2, *[np.nan] * 3])))


@given(st.lists(st.integers(-3, 3), min_size=3, max_size=12), st.randoms())
def test_tau_is_scipys(values, random):
    x = np.array(random.sample(range(100), len(values))) / 100
    expected = stats.kendalltau(x, values).statistic if len(set(values)) > 1 else 0.0
    assert trends.kendall(x, np.array(values, dtype=float)) == pytest.approx(expected, abs=1e-12)


def test_what_falls_in_every_replicate_holds():
    trend, to_95, to_99 = judged(table_of(falling()))
    assert (trend["run_a"], trend["run_b"], trend["effect_kind"]) == ("edge-30", "edge-99", "tau")
    assert (trend["effect"], trend["low"], trend["high"], trend["verdict"]) == (-1, -1, -1, "holds")
    assert (trend["lower"], trend["equal"], trend["higher"], trend["pairs"]) == (8, 0, 0, 8)
    assert trend["p"] == 2 / 2**8
    assert (trend["median_a"], trend["median_b"]) == (53.5, 13.5)
    assert (trend["phase_a"], trend["phase_b"]) == (0.5, 0.5)
    assert [(row["run_a"], row["run_b"]) for row in (to_95, to_99)] == [
        ("edge-50", "edge-95"),
        ("edge-50", "edge-99"),
    ]
    assert [row["effect"] for row in (to_95, to_99)] == [-20, -30]
    assert {row["effect_kind"] for row in (to_95, to_99)} == {"difference"}


def test_effects_of_losses_are_ratios():
    _, to_95, to_99 = judged(table_of(2.0 ** -np.arange(5) * (1 + np.arange(8.0)[:, None])), ["l0"])
    assert [row["effect"] for row in (to_95, to_99)] == [1 / 4, 1 / 8]
    assert {row["effect_kind"] for row in (to_95, to_99)} == {"ratio"}
    assert {row["verdict"] for row in (to_95, to_99)} == {"holds"}


def test_what_rises_is_contradicted_and_what_does_neither_is_not_shown():
    assert judged(table_of(-falling()))[0]["verdict"] == "contradicted"
    constant_metric = judged(table_of(np.ones((8, 5))))[0]
    assert (constant_metric["effect"], constant_metric["equal"]) == (0, 8)
    assert (constant_metric["p"], constant_metric["verdict"]) == (1, "not shown")
    mixed = np.where(np.arange(8)[:, None] % 2, falling(), -falling())
    assert judged(table_of(mixed))[0]["verdict"] == "not shown"


def test_the_trend_is_within_replicates():
    # Between replicates the metric spans more than it falls within one.
    values = falling(16) + 1000 * np.random.default_rng(0).permutation(16)[:, None]
    assert judged(table_of(values))[0]["verdict"] == "holds"


def test_runs_that_a_replicate_does_not_survive_are_left_out_of_its_trend():
    values = falling()
    values[0] = [50, 40, 30, 99, 99]
    lost = {("edge-95", 0), ("edge-99", 0)}
    trend, to_95, to_99 = judged(table_of(values, diverged=lost))
    assert (trend["pairs"], trend["effect"], trend["lower"]) == (8, -1, 8)
    # Of eight, one is lost: 2 (1 + 8) / 2^8.
    assert (trend["lost"], trend["p_lost_against"]) == (1, pytest.approx(18 / 2**8))
    assert (to_95["pairs"], to_99["lost"]) == (7, 1)
    # Two runs have no trend.
    trend, *_ = judged(table_of(values, diverged={*lost, ("edge-70", 0)}))
    assert (trend["pairs"], trend["lost"]) == (7, 1)
    nobody = {(name, r) for name in NAMES[2:] for r in range(8)}
    trend, *_ = judged(table_of(values, diverged=nobody))
    assert (trend["pairs"], trend["verdict"]) == (0, "not shown")


def test_ranks_are_those_of_networks_that_fit():
    fits = {"train_loss": 0.01}
    losses = np.zeros((8, 5))
    # It has died at the last two, and counts for nothing there; another fits under two runs.
    losses[0, 3:] = 0.5
    losses[1, :3] = 0.5
    values = falling()
    values[0] = [10, 20, 30, 0, 0]
    trend, *_ = judged(table_of(values, losses), sparser=["l0"], fits=fits)[-3:]
    assert (trend["pairs"], trend["unfit"], trend["higher"]) == (7, 1, 1)
    trend = judged(table_of(values, losses))[0]
    assert (trend["pairs"], trend["unfit"], trend["higher"]) == (8, 0, 0)
    # Of a loss, nothing else has to be small.
    trend = judged(table_of(values, losses), ["l0"], fits=fits)[0]
    assert (trend["pairs"], trend["unfit"]) == (8, 0)


def test_replicates_that_coincide_count_once():
    table = table_of(np.repeat(falling(1), 8, axis=0)).assign(other=0)
    assert {row["pairs"] for row in judged(table)} == {1}


def test_a_run_that_is_missing_or_shorter_or_of_another_kind_is_no_part():
    shorter = {f"{name}-short": at(0.3 + 0.01 * k, decay_at=0.1) for k, name in enumerate(NAMES)}
    others = {"gd": {**at(0.97), "otherwise": "gd"}, "absolute": constant(0.1)}
    runs = {**shorter, **others, **RUNS}
    assert list(over_the_edge(runs, T)) == NAMES
    assert over_the_edge({name: RUNS[name] for name in NAMES[:2]}, T) == {}
    assert over_the_edge(others, T) == {}
    backwards = {name: RUNS[name] for name in reversed(NAMES)}
    assert list(over_the_edge(backwards, T)) == NAMES
    assert judged(table_of(falling()), runs={name: RUNS[name] for name in NAMES[:2]}) == []


def test_effects_are_between_the_nearest_fractions_that_there_are():
    assert trends.effects_between(dict(zip(NAMES, FRACTIONS, strict=True))) == [
        ("edge-50", "edge-95"),
        ("edge-50", "edge-99"),
    ]
    assert trends.effects_between({"a": 0.3, "b": 0.6, "c": 0.9}) == [("b", "c")]
    assert trends.effects_between({"a": 0.1, "b": 0.2, "c": 0.4}) == []


def test_a_family_is_all_rows_of_trends():
    rows = judged(table_of(falling()))
    assert [row["p_holm"] for row in rows] == pytest.approx([3 * 2 / 2**8] * 3)
    assert [row["p_fdr"] for row in rows] == pytest.approx([2 / 2**8] * 3)


def test_power_and_level():
    """A fall of one standard deviation over the runs is seen by sixteen, noise alone is not."""
    draws = np.random.default_rng(1)
    noise = draws.normal(size=(200, 16, 5))
    x = np.array(FRACTIONS)
    slope = np.linspace(0, -2, 5)
    shown = {}
    for name, values in (("noise", noise), ("fall", noise + slope)):
        taus = [[trends.kendall(x, row) for row in sample] for sample in values]
        verdicts = [trends.TREND.judge(np.array(sample))["verdict"] for sample in taus]
        shown[name] = np.mean([verdict == "holds" for verdict in verdicts])
    assert shown["fall"] > 0.9
    assert shown["noise"] < 0.05


def test_sentences_tell_every_row():
    table = table_of(falling(), diverged={("edge-99", 0)})
    (text,) = sentences(pd.DataFrame(judged(table)))
    assert text.startswith(
        "number of non-zero coordinates: over the fractions of the edge from edge-30 to edge-99 "
        "(medians 53.5 to 14) Kendall's tau −1 (95 %: −1 to −1), negative in 8, zero in 0, "
        "positive in 0 of 8, p = 0.0078: holds"
    )
    assert "; from edge-50 to edge-95 (medians 43.5 to 23.5) lower in 8" in text
    assert "; from edge-50 to edge-99" in text
    nobody = {(name, r) for name in NAMES[2:] for r in range(8)}
    (text,) = sentences(pd.DataFrame(judged(table_of(falling(), diverged=nobody))))
    assert "from edge-30 to edge-99 no replicate has a trend: not shown, and " in text
    assert "nan" not in text


def test_what_is_asked_of_the_published_populations(published):
    entries = {entry["name"]: entry for entry in published.report.claims()["experiments"]}
    asked = {name: entry for name, entry in entries.items() if "trend" in entry["claims"]}
    assert set(asked) == {name for name in entries if name.endswith("_population")}
    for entry in asked.values():
        # Sparsity is compared by differences, losses and shares by ratios, as elsewhere.
        assert "test_loss" in entry["ratios"]
        assert not set(entry["ratios"]) & set(entry["claims"]["sparser"])
        fractions = over_the_edge(entry["runs"], entry["iterations"])
        assert [fractions[b] for _, b in trends.effects_between(fractions)] == [0.95, 0.99]
    assert "off_support_share" in asked["diagonal_population"]["ratios"]
    assert all("ratios" not in entry for name, entry in entries.items() if name not in asked)


def test_every_large_step_of_config_yaml_is_compared_with_a_small_one(published):
    for entry in published.report.claims()["experiments"]:
        claim = entry["claims"]["stabilises"]
        if claim is None:
            # Of SDEs, which are tested for where they end.
            assert entry["claims"]["agrees"]
            continue
        larger = larger_before_decay(entry["runs"], claim["against"], entry["iterations"])
        others = {"sgd-decay-50"} if entry["name"] == "diagonal_gd" else set()
        decaying = {
            name
            for name, run in entry["runs"].items()
            if large_steps(run, entry["iterations"]) and name != claim["against"]
        }
        assert set(larger) == decaying - others, entry["name"]


def test_a_loss_that_is_not_measured_leaves_nothing_out():
    table = table_of(falling())
    without = judged(table.drop(columns="train_loss"))
    assert [row["pairs"] for row in without] == [8, 8, 8]
    assert [row["effect"] for row in without] == [row["effect"] for row in judged(table)]
    assert [row["unfit"] for row in without] == [0, 0, 0]
