"""Published values beside ours: verdicts by hand, and the page's tables of them."""

import io

import numpy as np
import pandas as pd
import pytest

from conftest import ROOT
from sparsestep.report import page, published_tables
from sparsestep.report.published import COLUMNS, compare, to_three_digits, uncertainty


def table_of(diverged=(), **ends):
    """Two snapshots of each run; `ends` holds the replicates' values at the last one."""
    rows = [
        (run, replicate, iteration, 5 if (run, replicate) in diverged else -1, level)
        for run, values in ends.items()
        for replicate, value in enumerate(values)
        for iteration, level in ((0, 1.0), (9, value))
    ]
    return pd.DataFrame(rows, columns=["run", "replicate", "iteration", "diverged_at", "l0"])


def block_of(*values, source="text", outside=()):
    about = {"figure": "Figure 2", "source": source, "experiment": "one"}
    told = [[run, "l0", value] for run, value in values]
    return {**about, "values": told, "outside": list(outside)}


def verdict(table, run, value, source="text", **others):
    (row,) = compare({"one": table}, [block_of((run, value), source=source, **others)]).to_dict(
        "records"
    )
    return row


ENDS = np.arange(10.0, 21.0)


def test_what_stands_beside_a_published_value():
    row = verdict(table_of(small=ENDS), "small", 20.0)
    assert list(row) == list(COLUMNS)
    numbers = {"replicate_0": 10, "median": 15, "low": 11, "high": 19, "min": 10, "max": 20}
    assert {key: row[key] for key in numbers} == numbers
    assert (row["replicates"], row["survivors"], row["verdict"]) == (11, 11, "within")
    assert row["within_80"] == 0
    assert np.isnan(row["replicate_0_diverged_at"])
    assert verdict(table_of(small=ENDS), "small", 19.0)["within_80"] == 1


@pytest.mark.parametrize(
    ("value", "source", "expected"),
    [
        # Three digits of 10.0 are 9.95 to 10.05, and 0.2 % more of what was read off a figure.
        (10.04, "text", "equal"),
        (10.06, "text", "within"),
        (10.06, "digitised", "equal"),
        (10.08, "digitised", "within"),
        (20.04, "text", "within"),
        (20.06, "text", "open"),
        # 0.2 % of it beyond the largest, no third digit.
        (20.03, "digitised", "within"),
        (20.05, "digitised", "open"),
        # Below 10, the third digit is the second decimal.
        (9.994, "notebook", "open"),
        (9.996, "notebook", "equal"),
    ],
)
def test_verdicts(value, source, expected):
    assert verdict(table_of(small=ENDS), "small", value, source)["verdict"] == expected


def test_digits_are_those_of_the_published_value():
    assert to_three_digits(1.4249e-6, 1.42e-6, "text")
    assert not to_three_digits(1.4251e-6, 1.42e-6, "text")
    assert to_three_digits(0.0, 0.0, "text")
    assert not to_three_digits(1e-300, 0.0, "text")
    assert uncertainty(-50.0, "digitised") == pytest.approx(0.1)
    assert uncertainty(-50.0, "text") == pytest.approx(0.05)


def test_a_replicate_0_that_diverged_is_equal_to_nothing():
    table = table_of(small=ENDS, diverged=[("small", 0)])
    row = verdict(table, "small", 10.0)
    assert row["verdict"] == "open"
    assert np.isnan(row["replicate_0"])
    assert row["replicate_0_diverged_at"] == 5
    assert (row["replicates"], row["survivors"], row["min"]) == (11, 10, 11)
    # It counts among those that are looked at: the others may enclose the value.
    assert verdict(table, "small", 12.0)["verdict"] == "within"


def test_nothing_survives():
    table = table_of(small=[1.0, 2.0], diverged=[("small", 0), ("small", 1)])
    row = verdict(table, "small", 1.0)
    assert (row["verdict"], row["survivors"]) == ("no survivor", 0)
    assert np.isnan(row["median"])


def test_replicates_without_a_value_and_tables_without_replicate_0():
    table = table_of(small=[*ENDS, np.nan], diverged=[("small", 1)])
    row = verdict(table, "small", 20.0)
    # Of twelve, one diverges, and one survives and has no value.
    assert (row["replicates"], row["survivors"], row["min"]) == (12, 10, 10)
    # Neither the first of the others, which diverges, nor one that survives stands for it.
    for first in (1, 2):
        row = verdict(table[table["replicate"] >= first], "small", 10.0)
        assert np.isnan([row["replicate_0"], row["replicate_0_diverged_at"]]).all()
        assert row["verdict"] == "open"


REASON = {"run": "small", "metrics": ["l0"], "reason": "another c", "shown_by": None}
SHOWN = {**REASON, "shown_by": {"experiment": "two", "run": "small"}}


def test_a_reason_stands_where_the_value_is_outside():
    table = table_of(small=ENDS, large=ENDS)
    row = verdict(table, "small", 30.0, outside=[REASON])
    assert (row["verdict"], row["reason"]) == ("outside", "another c")
    assert verdict(table, "small", 15.0, outside=[REASON])["reason"] == ""
    for other in ({**REASON, "run": "large"}, {**REASON, "metrics": ["l1"]}):
        row = verdict(table, "small", 30.0, outside=[other])
        assert (row["verdict"], row["reason"]) == ("open", "")


@pytest.mark.parametrize(
    ("ends", "diverged", "expected", "reason"),
    [
        ([29.0, 31.0], [], "outside", "another c (two small: 29 to 31 of 2)"),
        ([28.0, 29.0], [], "open", "not shown by two small: 28 to 29 of 2 (another c)"),
        ([30.0], [("small", 0)], "open", "not shown: of two small nothing survives (another c)"),
    ],
)
def test_a_reason_that_replicates_must_show(ends, diverged, expected, reason):
    tables = {"one": table_of(small=ENDS), "two": table_of(small=ends, diverged=diverged)}
    (row,) = compare(tables, [block_of(("small", 30.0), outside=[SHOWN])]).to_dict("records")
    assert (row["verdict"], row["reason"]) == (expected, reason)


def test_a_reason_of_an_experiment_that_is_not_computed():
    row = verdict(table_of(small=ENDS), "small", 30.0, outside=[SHOWN])
    assert (row["verdict"], row["reason"]) == ("open", "not shown: two is not computed (another c)")


@pytest.fixture
def found():
    """As it is read back from published.csv."""
    table = table_of(small=ENDS, large=ENDS, diverged=[("large", 0)])
    blocks = [
        block_of(("small", 10.0), ("small", 15.0), ("small", 20.0), outside=[REASON]),
        block_of(("small", 30.0), source="digitised", outside=[REASON]),
        block_of(("large", 30.0), source="digitised"),
    ]
    text = compare({"one": table}, blocks).to_csv(index=False, na_rep="nan")
    return pd.read_csv(io.StringIO(text))


def test_verdicts_are_counted_by_source(found):
    table = published_tables.counted(found)
    assert table["header"][:4] == ["source", "values", "inside", "inside, and within 10 to 90 %"]
    assert table["header"][4:] == ["equal", "within", "outside", "open", "no survivor"]
    # Of 10, 15 and 20 the second alone lies between 11 and 19.
    text, digitised = table["rows"]
    assert text == ["text", 3, 3, 1, 1, 2, 0, 0, 0]
    assert digitised == ["digitised", 2, 0, 0, 0, 0, 1, 1, 0]


def test_what_is_not_inside_is_listed(found):
    assert published_tables.not_inside(found) == [
        "Figure 2, one small, l0: published 30, ours 10 to 20 of 11; another c",
        "Figure 2, one large, l0: published 30, ours 11 to 20 of 10; open",
    ]


def test_a_table_for_each_figure(found):
    (table,) = published_tables.by_figure(found)
    assert table["title"] == "Figure 2: one"
    small, large = table["rows"][0], table["rows"][-1]
    cells = ["small", "l0", "10", "10", "15 (11, 19)", "10 to 20", "11 of 11", "equal"]
    assert small == cells
    assert large[3:] == ["diverged at 5", "15.5 (11.9, 19.1)", "11 to 20", "10 of 11", "open"]
    shares = found.assign(metric="test_error", published=0.1)
    (table,) = published_tables.by_figure(shares)
    assert table["rows"][0][1:3] == ["test_error [%]", "10"]


def test_the_page(found):
    template = (ROOT / "workflow" / "report" / "page.html").read_text(encoding="utf-8")
    spec = {"figures": [], "experiments": []}
    parts = (spec, pd.DataFrame({"experiment": []}), {}, {}, template)
    text = page.build(*parts, published=found)
    assert "Published beside ours" in text
    assert "<td>diverged at 5</td>" in text
    assert "ours 10 to 20 of 11; another c.</li>" in text
    for nothing in (None, found.iloc[:0]):
        assert "Published beside ours" not in page.build(*parts, published=nothing)


@pytest.mark.parametrize(
    ("value", "within"), [(10.94, 0), (10.96, 1), (19.04, 1), (19.06, 0), (11.5, 1)]
)
def test_within_80_is_to_the_value_s_uncertainty(value, within):
    # 11 is the 10 % quantile, 19 the 90 %; half a third digit is 0.05.
    assert verdict(table_of(small=ENDS), "small", value)["within_80"] == within


def test_a_replicate_0_that_diverged_at_the_first_update():
    table = table_of(small=ENDS, diverged=[("small", 0)]).replace({"diverged_at": {5: 0}})
    found = compare({"one": table}, [block_of(("small", 12.0))])
    assert list(found["replicate_0_diverged_at"]) == [0]
    (shown,) = published_tables.by_figure(found)
    assert shown["rows"][0][3] == "diverged at 0"


INNER = np.array([15.0, *np.arange(10.0, 21.0)])


@pytest.mark.parametrize(
    ("value", "source", "expected"),
    [
        # 10 is the smallest: half a third digit of 9.96 is 0.005, 0.2 % of it 0.02.
        (9.996, "text", "within"),
        (9.994, "text", "open"),
        (9.981, "digitised", "within"),
        (9.979, "digitised", "open"),
    ],
)
def test_below_the_smallest_as_beyond_the_largest(value, source, expected):
    assert verdict(table_of(small=INNER), "small", value, source)["verdict"] == expected


@pytest.mark.parametrize(("source", "expected"), [("digitised", "outside"), ("text", "open")])
def test_what_must_enclose_does_so_to_the_same_uncertainty(source, expected):
    # 0.2 % of 30 are 0.06, half a third digit 0.05.
    tables = {"one": table_of(small=ENDS), "two": table_of(small=[29.0, 29.945])}
    (row,) = compare(tables, [block_of(("small", 30.0), source=source, outside=[SHOWN])]).to_dict(
        "records"
    )
    assert row["verdict"] == expected


def test_the_second_reason_and_the_second_metric():
    tables = {"one": table_of(small=ENDS, large=ENDS).assign(l1=2.0), "two": table_of(small=[2.0])}
    tables["two"]["l1"] = 30.0
    others = [{**REASON, "run": "large"}, {**REASON, "metrics": ["l1", "l0"], "reason": "second"}]
    block = block_of(("small", 30.0), outside=others)
    # At the metric's own column, of ours and of what shows it.
    about = {"run": "small", "metrics": ["l1"], "shown_by": SHOWN["shown_by"]}
    shown = {**block_of(outside=[{**REASON, **about}]), "values": [["small", "l1", 30.0]]}
    first, second = compare(tables, [block, shown]).to_dict("records")
    assert (first["verdict"], first["reason"]) == ("outside", "second")
    assert (second["max"], second["verdict"]) == (2.0, "outside")
    assert second["reason"] == "another c (two small: 30 to 30 of 1)"


def test_what_no_survivor_and_an_open_reason_say(found):
    columns = {"experiment": "one", "run": "small", "figure": "Figure 2", "metric": "test_error"}
    row = {**found.iloc[0], **columns, "published": 0.1234, "survivors": 0, "replicates": 2}
    lost = {**row, "verdict": "no survivor", "median": np.nan, "low": np.nan, "high": np.nan}
    lost |= {"min": np.nan, "max": np.nan, "replicate_0": np.nan, "replicate_0_diverged_at": np.nan}
    shares = {"survivors": 3, "min": 0.2, "max": 0.3, "median": 0.25, "low": 0.21, "high": 0.29}
    why = {**row, **shares, "verdict": "open", "reason": "not shown: two"}
    rows = pd.DataFrame([lost, why])
    assert published_tables.not_inside(rows) == [
        "Figure 2, one small, test_error: published 12.3, ours: no survivor; open",
        "Figure 2, one small, test_error: published 12.3, ours 20 to 30 of 3; open, not shown: two",
    ]
    (table,) = published_tables.by_figure(rows)
    assert table["rows"][0][3:] == ["-", "- (-, -)", "- to -", "0 of 2", "no survivor"]
    assert table["rows"][1][4:6] == ["25 (21, 29)", "20 to 30"]
    assert published_tables.counted(rows)["rows"] == [["text", 2, 0, 0, 0, 0, 0, 1, 1]]


def test_a_table_for_each_experiment_of_a_figure_in_their_order(found):
    others = found.assign(experiment="another")
    both = pd.concat([found, others, found.assign(figure="Figure 1")])
    titles = [table["title"] for table in published_tables.by_figure(both)]
    assert titles == ["Figure 2: one", "Figure 2: another", "Figure 1: one"]
    sources = [row[0] for row in published_tables.counted(both)["rows"]]
    assert sources == ["text", "digitised"]
