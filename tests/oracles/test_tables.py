"""summary.csv, divergence.csv and claims.csv of the tiny workflow, from its measurements again."""

import numpy as np
import pytest
from independent import divergence, statistics, verdicts
from tiny_workflow import EXPERIMENTS, finished, runs

RUNS = [*runs("vectors"), *runs("images")]
CLAIMING = [name for name, of in EXPERIMENTS.items() if "claims" in of]
# A trend and an effect within it may be of the same two runs.
KEYS = ["claim", "metric", "run_a", "run_b", "effect_kind"]


def own_rows(name, tables=None):
    """Rows of an experiment by their keys."""
    names = EXPERIMENTS[name]["runs"]
    tables = tables or {run: finished().measurements(name, run) for run in names}
    specs = {run: finished().trajectory(name, run).spec for run in names}
    found = verdicts.Experiment(EXPERIMENTS[name]["claims"], tables, specs).rows()
    for row in found:
        del row["replicates_seen"]
    by_keys = {tuple(row[key] for key in KEYS): row for row in found}
    assert len(by_keys) == len(found)
    return by_keys


def stored_rows(name):
    """Rows of claims.csv by the same keys."""
    table = finished().table("claims")
    found = table[table["experiment"] == name].to_dict("records")
    by_keys = {tuple(row[key] for key in KEYS): row for row in found}
    assert len(by_keys) == len(found)
    return by_keys


def differing(stored, own):
    """Names of what differs between two rows."""
    return [
        name
        for name, value in own.items()
        if (
            stored[name] != value
            if isinstance(value, str)
            else not np.isclose(stored[name], value, rtol=1e-11, atol=0, equal_nan=True)
        )
    ]


@pytest.mark.parametrize("name", CLAIMING)
def test_claims_have_the_rows_and_numbers_of_their_definitions(name):
    own, stored = own_rows(name), stored_rows(name)
    assert own.keys() == stored.keys()
    for keys, row in own.items():
        assert not differing(stored[keys], row), keys


def test_corrections_are_over_all_rows_of_a_claim():
    table = finished().table("claims")
    for claim in set(table["claim"]):
        rows = table[(table["claim"] == claim) & table["p"].notna()]
        p = rows["p"].tolist()
        np.testing.assert_allclose(rows["p_holm"], statistics.holm(p), rtol=1e-12)
        np.testing.assert_allclose(rows["p_fdr"], statistics.benjamini_hochberg(p), rtol=1e-12)
    untested = table[table["p"].isna()]
    assert untested[["p_holm", "p_fdr"]].isna().all(axis=None)
    corrected = table["verdict"].where(table["p_fdr"] <= 0.05, "not shown")
    assert (table["verdict_corrected"] == corrected).all()
    nothing = ["published_a", "published_b", "published_effect"]
    assert table[nothing].isna().all(axis=None)


def test_claims_are_of_every_kind_and_verdicts_too():
    """Else the comparison would be of rows without a number."""
    table = finished().table("claims")
    assert set(table["verdict"]) == {"holds", "contradicted", "not shown"}
    assert (table.groupby("claim")["low"].count() > 0).all()
    assert set(table["claim"]) == {
        *("stabilises: high", "stabilises: flat", "better", "sparser", "trend", "agrees")
    }
    for column in ("unfit", "equal", "lost"):
        assert (table[column] > 0).any()
    assert (table["pairs"] < table["survivors_both"] - table["unfit"]).any()


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table[table["iteration"] < table["iteration"].max()],
        lambda table: table.assign(diverged_at=-1),
    ],
    ids=["the snapshot before the last", "all survive"],
)
def test_other_tables_would_give_other_claims(change):
    names = EXPERIMENTS["sparse"]["runs"]
    tables = {run: change(finished().measurements("sparse", run)) for run in names}
    stored = stored_rows("sparse")
    assert any(differing(stored[keys], row) for keys, row in own_rows("sparse", tables).items())


@pytest.mark.parametrize(("name", "run"), RUNS)
def test_the_summary_is_the_last_snapshot(name, run):
    summary = finished().table("summary")
    rows = summary[(summary["experiment"] == name) & (summary["run"] == run)]
    stored = {(row.replicate, row.metric): row.value for row in rows.itertuples()}
    table, own = finished().measurements(name, run), {}
    for replicate in range(EXPERIMENTS[name]["replicates"]):
        of_replicate = table[table["replicate"] == replicate]
        last = of_replicate[of_replicate["iteration"] == of_replicate["iteration"].max()].iloc[0]
        diverged_at = last.pop("diverged_at")
        diverged = diverged_at >= 0
        own[replicate, "diverged"] = float(diverged)
        own[replicate, "diverged_at"] = diverged_at if diverged else np.nan
        for metric, value in last.drop(["replicate", "iteration"]).items():
            own[replicate, metric] = np.nan if diverged else float(value)
    assert len(rows) == len(stored)
    # Of an experiment all runs have the same metrics.
    assert stored.keys() == own.keys()
    np.testing.assert_array_equal([stored[key] for key in own], list(own.values()))


@pytest.mark.parametrize(("name", "run"), RUNS)
def test_divergence_is_counted_and_timed(name, run):
    table = finished().table("divergence")
    (stored,) = table[(table["experiment"] == name) & (table["run"] == run)].to_dict("records")
    spec = finished().trajectory(name, run).spec
    own = divergence.row(
        finished().measurements(name, run), spec["algorithm"], spec["problem"]["vary"]
    )
    assert {"experiment", "run", *own} == stored.keys()
    for column, value in own.items():
        assert stored[column] == pytest.approx(value, rel=1e-9, abs=1e-15, nan_ok=True), column


def test_something_diverges_something_coincides_and_something_is_chaotic():
    table = finished().table("divergence").set_index(["experiment", "run"])
    assert 0 < table["share"]["sparse", "exploding"] < 1
    assert table["replicates"]["theory", "gd"] == 1
    assert table["lyapunov_time"]["points", "chaotic"] > 0
