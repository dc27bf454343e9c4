"""The data dictionary: complete, current, and in the report."""

import examples
import pandas as pd
import pytest

from conftest import ROOT
from sparsestep import metrics, registry
from sparsestep.artifacts.tables import KEYS, SWEEP_KEYS
from sparsestep.claims import published as published_claims
from sparsestep.claims import verdicts
from sparsestep.dictionary import pages
from sparsestep.dictionary.metrics import METRICS
from sparsestep.dictionary.tables import TABLES
from sparsestep.report import divergence, page, published
from sparsestep.report.end_values import summarise


def measured_columns():
    """Every column of every measurement, with the options of config.yaml and by default."""
    found = set()
    for plan in examples.plans():
        for name in plan.config.experiments:
            found |= set(plan.experiments.columns(name))
    for kind in registry.MEASURES:
        model, _, name = kind.rpartition("/")
        model = registry.OF_IMAGES["model"][0] if model == "images" else model or None
        module = registry.load("measure", name, model)
        found |= set(module.columns(module.Spec()))
    return found


def test_every_metric_is_defined_and_nothing_else():
    assert set(METRICS) == set(registry.METRICS)


@pytest.mark.parametrize("column", sorted(measured_columns()))
def test_every_measured_column_is_one_of_these(column):
    assert metrics.base(column) in METRICS


def test_every_column_of_the_tables_is_defined_in_its_order():
    rows = {"run": ["small"], "replicate": [0], "iteration": [0], "diverged_at": [-1]}
    summary = summarise({"one": pd.DataFrame({**rows, "l0": [1.0]})})
    columns = {
        "measurements.parquet": KEYS,
        "summary.csv": summary.columns,
        "claims.csv": (*verdicts.COLUMNS, *published_claims.COLUMNS),
        "published.csv": published.COLUMNS,
        "divergence.csv": divergence.COLUMNS,
        "sweeps/<sweep>.csv": SWEEP_KEYS,
        "sweeps/<sweep>.csv, over keys": ("<key>", *KEYS, "edge"),
    }
    assert set(TABLES) == set(columns)
    assert {name: list(of) for name, of in TABLES.items()} == {
        name: list(of) for name, of in columns.items()
    }


def test_every_entry_says_something():
    for name, entry in [*METRICS.items(), *(pair for of in TABLES.values() for pair in of.items())]:
        assert all(part.strip() for part in entry), name
        assert entry.text.endswith("."), name


def test_the_readme_is_current():
    """If not: `python -m sparsestep.dictionary.pages`."""
    readme = (ROOT / pages.PATH).read_text(encoding="utf-8")
    assert pages.with_dictionary(readme) == readme
    assert pages.with_dictionary(readme.replace("Largest eigenvalue", "?")) == readme
    with pytest.raises(ValueError, match="has no part between"):
        pages.with_dictionary("# Nothing")
    # What stands behind the part would be lost with its end.
    with pytest.raises(ValueError, match="has no part between"):
        pages.with_dictionary(readme.replace(pages.END, ""))


def test_a_bar_ends_no_cell():
    text = pages.markdown()
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.replace("\\|", "").count("|") == 5, line
    assert "Sum of \\|beta\\_j\\| over j with beta\\*\\_j = 0" in text


def test_the_report_has_it():
    template = (ROOT / "workflow" / "report" / "page.html").read_text(encoding="utf-8")
    spec = {"figures": [], "experiments": []}
    text = page.build(spec, pd.DataFrame({"experiment": []}), {}, {}, template)
    for name in (*METRICS, "verdict_lost_against", "replicate_0"):
        assert f"<td>{name}</td>" in text
    assert "rate an iteration at which |beta_j| decays" in text
