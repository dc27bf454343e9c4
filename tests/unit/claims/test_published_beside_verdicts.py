"""Published values in claims.csv: beside comparisons of end values alone."""

import numpy as np
import pandas as pd
import pytest
from claim_tables import EIGHT, TWO, judged, table_of

from sparsestep.claims import published
from sparsestep.claims.verdicts import COLUMNS

HIGH = {"metric": "l0", "against": "small"}
VALUES = {"small": {"l0": 8.0, "other": 1.0}, "long": {"l0": 2.0}}


def beside(found, **values):
    return published.add(found, [{"name": "one", **values}])


def test_values_and_their_effect():
    table = table_of({"small": EIGHT + 5, "long": EIGHT})
    verdicts = judged(table, TWO, better=["l0", "other"], sparser=["l0"], stabilises=HIGH)
    found = beside(verdicts, published=VALUES)
    assert tuple(found.columns) == COLUMNS + published.COLUMNS
    pd.testing.assert_frame_equal(found[list(COLUMNS)], verdicts)
    of = found.set_index(["claim", "metric"])[list(published.COLUMNS)]
    assert list(of.loc["better", "l0"]) == [8, 2, 0.25]
    assert list(of.loc["sparser", "l0"]) == [8, 2, -6]
    # The second run's is not published.
    a, b, effect = of.loc["better", "other"]
    assert a == 1
    assert np.isnan([b, effect]).all()
    # No two runs are compared.
    assert of.loc["stabilises: high"].isna().all(axis=None)


def test_without_published_values_the_columns_are_empty():
    verdicts = judged(table_of({"small": EIGHT + 5, "long": EIGHT}), TWO, sparser=["l0"])
    found = beside(verdicts)
    assert found[list(published.COLUMNS)].isna().all(axis=None)
    assert beside(verdicts.iloc[:0]).empty
    columns = beside(verdicts.iloc[:0])[list(published.COLUMNS)]
    assert [column.kind for column in columns.dtypes] == ["f", "f", "f"]


@pytest.mark.parametrize(
    ("claim", "compares"),
    [
        *((claim, True) for claim in ("better", "sparser", "agrees")),
        # Trends are over several runs, levels of other iterations.
        *((claim, False) for claim in ("trend", "stabilises: flat", "stabilises: high")),
    ],
)
def test_claims_that_compare_end_values(claim, compares):
    row = {"experiment": "one", "claim": claim, "metric": "l0", "run_a": "small", "run_b": "long"}
    found = beside(pd.DataFrame([{**row, "effect_kind": "ratio"}]), published=VALUES)
    (values,) = found[list(published.COLUMNS)].to_numpy()
    np.testing.assert_array_equal(values, [8, 2, 0.25] if compares else [np.nan] * 3)


@pytest.mark.parametrize(
    ("a", "b", "ratio", "difference"), [(0.0, 2.0, np.nan, 2), (2.0, 0.0, 0, -2), (0, 0, np.nan, 0)]
)
def test_of_nothing_there_is_no_ratio(a, b, ratio, difference):
    row = {
        "experiment": "one",
        "claim": "better",
        "metric": "l0",
        "run_a": "small",
        "run_b": "long",
    }
    rows = [{**row, "effect_kind": kind} for kind in ("ratio", "difference")]
    found = beside(pd.DataFrame(rows), published={"small": {"l0": a}, "long": {"l0": b}})
    np.testing.assert_array_equal(found["published_effect"], [ratio, difference])
