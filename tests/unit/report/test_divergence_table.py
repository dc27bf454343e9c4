"""The table of how often runs diverge and how fast copies part, and what the report shows of it."""

import numpy as np
import pandas as pd
import pytest

from conftest import ROOT
from sparsestep.measures.shares import exact_interval
from sparsestep.report import page
from sparsestep.report.divergence import COLUMNS, shown, tabulate
from sparsestep.report.end_values import summarise

T = np.arange(200)


def run_of(name, replicates, diverged, apart):
    """Measurements of a run; `apart` is the replicates' distance from replicate 0, by iteration."""
    rows = [
        (name, r, t, 150 if r in diverged else -1, np.exp(r * apart[t] - 2))
        for r in range(replicates)
        for t in T
    ]
    return pd.DataFrame(
        rows, columns=["run", "replicate", "iteration", "diverged_at", "train_loss"]
    )


@pytest.fixture
def tables():
    growing = np.minimum(1e-14 * np.exp(T / 4.0), 0.5)
    one = [
        run_of("chaotic", 11, {0, 4, 5}, growing),
        run_of("calm", 11, set(), np.full(200, 1e-13)),
        run_of("again", 11, {3}, growing),
    ]
    return {
        "one": pd.concat(one, ignore_index=True),
        "two": run_of("chaotic", 4, {0, 1}, np.ones(200)),
        "same": run_of("gd", 6, set(), np.zeros(200)),
    }


PERTURBED = {
    "one": {
        "chaotic": {"size": 1e-14, "copies": True},
        "calm": {"size": 1e-14, "copies": True},
        "again": {"size": 1e-14, "copies": False},
    }
}


def test_counts_shares_intervals_and_lyapunov_times(tables):
    found = tabulate(tables, PERTURBED)
    assert tuple(found.columns) == COLUMNS
    rows = {(row["experiment"], row["run"]): row for row in found.to_dict("records")}
    assert list(rows) == [
        *(("one", run) for run in ("chaotic", "calm", "again")),
        ("two", "chaotic"),
        ("same", "gd"),
    ]
    # Replicate 0, which diverges too, is not perturbed.
    chaotic = rows["one", "chaotic"]
    assert (chaotic["replicates"], chaotic["diverged"], chaotic["share"]) == (10, 2, 0.2)
    assert (chaotic["low"], chaotic["high"]) == exact_interval(2, 10)
    assert chaotic["lyapunov_time"] == pytest.approx(4.0, rel=1e-2)
    assert np.isnan(rows["one", "calm"]["lyapunov_time"])
    assert (rows["one", "calm"]["low"], rows["one", "calm"]["perturbation"]) == (0.0, 1e-14)
    # They differ in more than the perturbation, which replicate 0 has no more than elsewhere.
    again = rows["one", "again"]
    assert np.isnan(again["lyapunov_time"])
    assert (again["replicates"], again["diverged"]) == (10, 1)
    two = rows["two", "chaotic"]
    assert (two["replicates"], two["diverged"], two["perturbation"]) == (4, 2, 0.0)
    # Those of gradient descent are one.
    assert rows["same", "gd"]["replicates"] == 1


def test_the_loss_need_not_be_measured(tables):
    tables["one"] = tables["one"].rename(columns={"train_loss": "l0"})
    assert tabulate(tables, PERTURBED)["lyapunov_time"].isna().all()


def test_without_replicate_0_nothing_is_known_of_copies(tables):
    table = tables["one"]
    tables["one"] = table[table["replicate"] > 0]
    found = tabulate(tables, PERTURBED).set_index(["experiment", "run"])
    assert found["lyapunov_time"].isna().all()
    assert found.loc[("one", "chaotic"), "share"] == 0.2


def test_the_report_shows_what_diverges_and_what_is_repeated(tables):
    table = shown(tabulate(tables, PERTURBED))
    assert [row[:2] for row in table["rows"]] == [
        *([run, "one"] for run in ("chaotic", "calm", "again")),
        ["chaotic", "two"],
    ]
    assert table["rows"][0][2:] == ["1e-14", "2 of 10", "0.200", "0.025 to 0.556", "4"]
    assert table["rows"][1][2:] == ["1e-14", "0 of 10", "0.000", "0.000 to 0.308", "-"]
    assert table["rows"][3][2] == "-"
    assert {len(row) for row in table["rows"]} == {len(table["header"])}


def test_the_page_has_the_table_where_there_is_something_to_say(tables):
    template = (ROOT / "workflow" / "report" / "page.html").read_text()
    spec = {"figures": [], "experiments": []}
    parts = (spec, summarise(tables), {}, {}, template)
    divergence = tabulate(tables, PERTURBED)
    assert "<td>2 of 10</td>" in page.build(*parts, divergence=divergence)
    calm = divergence[divergence["experiment"] == "same"]
    assert "Lyapunov" not in page.build(*parts, divergence=calm)


def test_what_diverges_at_its_first_update_diverges_and_what_is_perturbed_is_that_run_alone(tables):
    table = tables["one"]
    at_once = table.assign(diverged_at=table["diverged_at"].replace(150, 0))
    found = tabulate({"one": at_once}, PERTURBED)
    assert list(found["diverged"]) == [2, 0, 1]
    only = {"one": {"again": PERTURBED["one"]["again"]}}
    found = tabulate(tables, only).set_index(["experiment", "run"])
    assert list(found["perturbation"]) == [0.0, 0.0, 1e-14, 0.0, 0.0]
    # Replicate 0 counts where it is one of those drawn by chance.
    assert list(found["replicates"])[:3] == [11, 11, 10]
    assert list(found["diverged"])[:3] == [3, 0, 1]


def test_one_of_many_is_shown():
    table = run_of("rare", 30, {7}, np.ones(200))
    (row,) = shown(tabulate({"one": table[table["iteration"] < 2]}, {}))["rows"]
    assert row[3:5] == ["1 of 30", "0.033"]


def test_columns_of_the_shown_table_stand_below_their_names(tables):
    table = shown(tabulate(tables, PERTURBED))
    (row,) = (dict(zip(table["header"], row, strict=True)) for row in table["rows"][3:])
    assert row == {
        "run": "chaotic",
        "experiment": "two",
        "perturbed by": "-",
        "diverged": "2 of 4",
        "share": "0.500",
        "95 % interval": "0.068 to 0.932",
        "Lyapunov time": "-",
    }
