"""End values and the report's table of them."""

import numpy as np
import pandas as pd
import pytest

from conftest import ROOT
from sparsestep.report import page as report
from sparsestep.report.end_values import summarise


@pytest.fixture(params=[4, 0])
def diverged_at(request):
    """When the first replicate of one run diverges: on the way, or where it begins."""
    return request.param


@pytest.fixture
def tables(diverged_at):
    rows = [
        # run, replicate, iteration, diverged_at, loss
        ("small", 0, 0, -1, 1.0),
        ("small", 0, 9, -1, 0.5),
        ("small", 1, 0, -1, 1.0),
        ("small", 1, 9, -1, 0.3),
        ("large", 0, 0, diverged_at, 1.0),
        ("large", 0, 9, diverged_at, np.nan),
        ("large", 1, 0, -1, 1.0),
        ("large", 1, 9, -1, 0.1),
    ]
    names = ["run", "replicate", "iteration", "diverged_at", "train_loss"]
    table = pd.DataFrame(rows, columns=names)
    return {"one": table, "two": table.rename(columns={"train_loss": "test_loss"})}


def test_summary_is_tidy(tables, diverged_at):
    summary = summarise(tables)
    assert list(summary.columns) == ["experiment", "run", "replicate", "metric", "value"]
    values = summary.set_index(["experiment", "run", "replicate", "metric"])["value"]
    assert values.index.is_unique
    assert values["one", "small", 0, "train_loss"] == 0.5
    assert values["one", "large", 1, "train_loss"] == 0.1
    assert np.isnan(values["one", "large", 0, "train_loss"])
    assert values["one", "large", 0, "diverged"] == 1
    assert values["one", "large", 0, "diverged_at"] == diverged_at
    assert values["one", "large", 1, "diverged"] == 0
    assert np.isnan(values["one", "large", 1, "diverged_at"])
    # A metric has rows only in the experiments that measure it.
    assert set(summary.query("experiment == 'two'")["metric"]) == {
        "diverged",
        "diverged_at",
        "test_loss",
    }
    assert list(summary["run"].unique()) == ["small", "large"]


def test_rows_of_a_run_stay_in_the_order_of_metrics_and_replicates():
    runs = [f"run-{number}" for number in range(20)]
    rows = [(run, r, 0, -1, 1.0) for run in runs for r in (0, 1)]
    names = ["run", "replicate", "iteration", "diverged_at", "l0"]
    found = summarise({"one": pd.DataFrame(rows, columns=names)})
    told = list(zip(found["run"], found["metric"], found["replicate"], strict=True))
    of_run = [(metric, r) for metric in ("diverged", "diverged_at", "l0") for r in (0, 1)]
    assert told == [(run, *of) for run in runs for of in of_run]


def test_runs_may_end_at_different_iterations(tables):
    table = tables["one"].replace({"iteration": {9: 500}}).copy()
    table.loc[table["run"] == "small", "iteration"] = [0, 9, 0, 9]
    summary = summarise({"one": table})
    values = summary.set_index(["run", "replicate", "metric"])["value"]
    assert values["small", 1, "train_loss"] == 0.3
    assert values["large", 1, "train_loss"] == 0.1


def test_diverged_after_the_last_snapshot(tables):
    table = tables["one"].assign(train_loss=1.0)
    values = summarise({"one": table}).set_index(["run", "replicate", "metric"])["value"]
    assert values["large", 0, "diverged"] == 1
    assert np.isnan(values["large", 0, "train_loss"])


def test_report_table(tables):
    table = report.end_values(summarise(tables), "one", ["small", "large"])
    assert table["header"] == ["run", "diverged", "train_loss"]
    assert table["rows"] == [
        ["small", "0 of 2", "0.4 (0.32, 0.48)"],
        ["large", "1 of 2", "0.1 (0.1, 0.1)"],
    ]


def test_end_values_have_three_digits(tables):
    precise = tables["one"].assign(train_loss=0.12345)
    found = report.end_values(summarise({"one": precise}), "one", ["small"])
    assert found["rows"] == [["small", "0 of 2", "0.123 (0.123, 0.123)"]]


def test_shares_stand_in_the_table_in_per_cent(tables):
    table = tables["one"]
    summary = summarise({"one": table.assign(test_error=table["train_loss"] / 10)})
    found = report.end_values(summary, "one", ["small", "large"])
    assert found["header"] == ["run", "diverged", "train_loss", "test_error [%]"]
    assert [row[2:] for row in found["rows"]] == [
        ["0.4 (0.32, 0.48)", "4 (3.2, 4.8)"],
        ["0.1 (0.1, 0.1)", "1 (1, 1)"],
    ]


def test_report_names_the_last_snapshot_and_the_verdicts_about_what_a_figure_shows(tables):
    spec = {
        "remarks": ["few pairs < 6"],
        "figures": [{"name": "f", "kind": "k", "shows": [["one", "train_loss"]]}],
        "experiments": [
            {
                "name": "one",
                "title": "One",
                "order": ["small"],
                "last_snapshot": 9,
                "iterations": 10,
            }
        ],
    }
    numbers = {"median_a": 2.0, "median_b": 1.0, "effect": 0.5, "low": 0.4, "high": 0.6}
    counts = {"replicates": 9, "survivors_a": 9, "survivors_b": 8, "survivors_both": 8, "unfit": 0}
    counts |= {"pairs": 8, "lower": 7, "equal": 0, "higher": 1, "p": 18 / 2**8, "lost": 0}
    counts |= {"p_holm": 1.0, "median_a_of_lost": np.nan, "verdict_lost_against": "holds"}
    row = {"experiment": "one", "claim": "better", "metric": "train_loss", "run_a": "small"}
    row |= {"run_b": "large", "phase_a": 0.0, "phase_b": 0.5, "effect_kind": "ratio"}
    row |= {**numbers, **counts, "verdict": "holds", "verdict_corrected": "not shown"}
    claims = pd.DataFrame([row, {**row, "metric": "test_loss"}, {**row, "experiment": "two"}])
    template = (ROOT / "workflow" / "report" / "page.html").read_text()
    around = {"processor": "A <b> & C", "numpy": "2"}
    parts = (spec, summarise(tables), {"f": (".svg", b"")}, {"k": "A *caption*."}, template)
    page = report.build(*parts, claims, surroundings=around)
    assert "<p>processor A &lt;b&gt; &amp; C; numpy 2. That is" in page
    assert "Made with" not in report.build(*parts, claims)
    assert "<h3>One, iteration 9 of 10</h3>" in page
    sentence = (
        "training loss: from small to large (medians 2 to 1) lower in 7, equal in 0, higher in 1 "
        "of 8 pairs, ratio 0.5 (95 %: 0.4 to 0.6), p = 0.07: holds (not after correction)."
    )
    assert page.count("<li>") == 1
    assert "few pairs &lt; 6.</p>" in page
    assert f"<li>{sentence}</li>" in page


def test_captions_may_use_the_experiments(tables):
    spec = {
        "figures": [{"name": "f", "kind": "k", "experiment": "one"}],
        "experiments": [{"name": "one", "title": "One", "order": ["small"], "iterations": 10}],
    }
    caption = '{{ snakemake.config["experiments"]["one"]["iterations"] }} updates.'
    page = report.build(
        spec, summarise(tables), {"f": (".svg", b"")}, {"k": caption}, "{{figures}}"
    )
    assert "10 updates." in page


def test_report_page(tables):
    spec = {
        "figures": [{"name": "f", "kind": "k", "caption": "About <b>f</b>."}],
        "experiments": [{"name": "one", "title": "", "order": ["small", "large"]}],
    }
    caption = '{{ snakemake.config["figures"][snakemake.wildcards.figure]["caption"] }} *More*.'
    template = (
        "{% for f in figures %}{{ f.name }}:{{ f.image }}:{{ f.caption | safe }}{% endfor %}"
        "{% for t in tables %}{{ t.title }}{% for r in t.rows %}{{ r[1] }}{% endfor %}{% endfor %}"
    )
    page = report.build(
        spec, summarise(tables), {"f": (".svg", b"<svg/>")}, {"k": caption}, template
    )
    assert "f:data:image/svg+xml;base64,PHN2Zy8+:" in page
    assert "About &lt;b&gt;f&lt;/b&gt;. <em>More</em>." in page
    assert "one0 of 21 of 2" in page


def test_tables_have_the_asked_for_runs_in_their_order_and_a_dash_for_nothing(tables, diverged_at):
    summary = summarise(tables)
    nobody = tables["two"].assign(diverged_at=diverged_at, step_size=0.1)
    lost = summarise({"two": nobody})
    found = report.end_values(lost, "two", ["large", "small"])
    assert found == {
        "header": ["run", "diverged", "test_loss"],
        "rows": [["large", "2 of 2", "-"], ["small", "2 of 2", "-"]],
    }
    # Experiments below each other, as their tables come.
    assert list(summary["experiment"].unique()) == ["one", "two"]
    reversed_tables = {name: tables[name] for name in ("two", "one")}
    assert list(summarise(reversed_tables)["experiment"].unique()) == ["two", "one"]


def test_verdicts_are_about_the_shown_pairs_and_titles_fall_back_on_names(tables):
    claims = pd.DataFrame({"experiment": ["one", "one", "two"], "metric": ["a", "b", "a"]})
    about = report._rows_about(claims, [["one", "a"], ["two", "b"]])
    assert about.to_numpy().tolist() == [["one", "a"]]
    assert list(report._rows_about(claims.iloc[:0], [["one", "a"]]).columns) == list(claims.columns)
    entry = {"name": "one", "title": "", "order": ["small"], "epochs": 5, "last_snapshot": 9}
    found = report._experiment(entry, summarise(tables))
    assert (found["title"], found["epochs"], found["iterations"]) == ("one", 5, None)
    assert report._experiment({**entry, "title": "One"}, summarise(tables))["title"] == "One"
    assert report.data_uri(".gif", b"a") == "data:image/gif;base64,YQ=="
    assert report.data_uri(".svg", b"a") == "data:image/svg+xml;base64,YQ=="
