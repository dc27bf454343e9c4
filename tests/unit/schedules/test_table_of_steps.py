"""Step sizes from a file: what it may hold, and that its content alone decides."""

import copy

import numpy as np
import pytest

from sparsestep import schedules
from sparsestep.artifacts.identity import identity
from sparsestep.errors import ConfigError
from sparsestep.plan import Plan

ENTRIES = [[0, 0.5], [2, 0.25], [4, 0.75]]


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Write a file in the folder where the process runs; returns its path, which is relative."""
    monkeypatch.chdir(tmp_path)

    def write(content, name="steps.csv"):
        (tmp_path / name).write_bytes(
            content if isinstance(content, bytes) else content.encode("utf-8")
        )
        return name

    return write


def table(**others):
    return schedules.from_spec({"kind": "table", **others})


def test_a_step_size_holds_until_the_next():
    schedule = table(values=ENTRIES)
    expected = [0.5, 0.5, 0.25, 0.25, 0.75, 0.75]
    np.testing.assert_array_equal(schedule.step_sizes(6), expected)
    assert schedule.decays(6) == [2]
    # What no iteration takes does not matter.
    np.testing.assert_array_equal(schedule.step_sizes(1), [0.5])
    assert schedule.decays(1) == []


def test_a_fall_over_several_iterations_is_one_decay():
    falls = [[0, 1], [2, 0.9], [3, 0.8], [4, 0.7], [6, 0.6], [8, 0.7], [9, 0.5]]
    assert table(values=falls).decays(12) == [2, 6, 9]


def test_in_units_of_the_edge():
    schedule = table(values=ENTRIES, step_size={"of_edge": 0.5})
    np.testing.assert_array_equal(schedule.step_sizes(5), [0.25, 0.25, 0.125, 0.125, 0.375])
    assert schedule.model_dump(mode="json")["step_size"] == {"of_edge": 0.5}


@pytest.mark.parametrize(
    "content",
    [
        "0.5\n0.5\n0.25\n0.25\n0.75\n",
        "0,0.5\n2,0.25\n4,0.75",
        "iteration,step_size\r\n0, 0.5\r\n2 ,2.5e-1\r\n4,.75\r\n",
        "\n# by hand\n0 0.5  # large\n\n2\t0.25\n3 0.25\n4   0.75\n",
        "\ufeffstep size\n+0.5\n0.5\n0.25\n0.25\n0.75\n0.75",
    ],
    ids=["one column", "two columns", "titles", "white space", "a mark in front"],
)
def test_what_a_file_may_hold(written, content):
    schedule = table(path=written(content))
    assert schedule.model_dump(mode="json")["values"] == ENTRIES
    np.testing.assert_array_equal(schedule.step_sizes(5), [0.5, 0.5, 0.25, 0.25, 0.75])


WRONG = [
    ("", "has no step size"),
    ("# nothing\n\n", "has no step size"),
    ("iteration,step_size\n", "has no step size"),
    ("0.1\nfast\n", "line 2: 'fast' is no number"),
    ("0.1\n\n-0.1\n", "line 3: '-0.1' must be a finite number above 0"),
    ("0.1\n0\n", "line 2: '0' must be a finite number above 0"),
    ("nan\n", "line 1: 'nan' must be a finite number above 0"),
    ("0.1\n1e999\n", "line 2: '1e999' must be a finite number above 0"),
    ("0,0.1\n0.2\n", "line 2 has 1 columns; must be step sizes, or iterations and step sizes"),
    ("0,0.1,3\n", "line 1 has 3 columns"),
    ("1,0.1\n", "line 1: begins at iteration 1; must begin at 0"),
    ("0,0.1\n3,0.2\n5,0.2\n4,1\n", "line 4: iteration 4 must be above the one before, 5"),
    ("0,0.1\n1.5,0.2\n", "line 2: '1.5' must be an iteration, a whole number"),
    ("0,0.1\n-1,0.2\n", "line 2: '-1' must be an iteration, a whole number"),
    ("0,0.1\n5,\n", "line 2: '' is no number"),
    (b"0,0.1\n\xff", "is no text in UTF-8"),
    ("\n".join(f"0.1{number}" for number in range(3000)), "has 3000 different step sizes"),
]


@pytest.mark.parametrize(("content", "text"), WRONG)
def test_a_file_that_is_no_table_is_one_line(tiny, written, content, text):
    path = written(content)
    tiny["experiments"]["first"]["runs"]["small"]["schedule"] = {"kind": "table", "path": path}
    with pytest.raises(ConfigError) as caught:
        Plan(tiny)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"experiments.first.runs.small.schedule.path: got 'steps.csv'; {text}")


def test_a_file_that_cannot_be_read(written, tmp_path):
    written("0.1\n")
    with pytest.raises(ValueError, match=f"there is no such file in {tmp_path}"):
        table(path="other.csv")
    with pytest.raises(ValueError, match="there is no such file"):
        table(path=str(tmp_path))
    with pytest.raises(ValueError, match="cannot be read: File name too long"):
        table(path="x" * 5000)


@pytest.mark.parametrize(
    ("others", "text"),
    [
        ({}, "must be there, or a path"),
        ({"values": []}, "must begin at 0"),
        ({"values": [[1, 0.1]]}, "must begin at 0"),
        ({"values": [[0, 0.1], [3, 0.2], [2, 0.3]]}, "2 must be above the beginning before, 3"),
        ({"values": [[0, -0.1]]}, "greater than 0"),
        ({"values": [[False, 0.1]]}, "valid integer"),
        ({"values": [[0.5, 0.1]]}, "valid integer"),
        ({"values": [[0, 0.1], [2**31, 0.2]]}, "less than 2147483648"),
        ({"values": [0.1, 0.2]}, "must be two numbers in brackets"),
        ({"values": [[i, 1 + i / 7] for i in range(2000)]}, "at most 20000, for commands hold"),
        ({"path": 3}, "valid string"),
    ],
)
def test_entries_that_are_none(others, text):
    with pytest.raises(ValueError, match=text):
        table(**others)


def test_entries_beside_a_file(written):
    with pytest.raises(ValueError, match="must be absent where there is a path"):
        table(path=written("0.1"), values=[[0, 0.1]])


def planned(tiny, schedule):
    raw = copy.deepcopy(tiny)
    raw["experiments"]["first"]["runs"]["small"]["schedule"] = {"kind": "table", **schedule}
    return Plan(raw).experiments.run("first", "small")


def test_the_content_decides_the_id_and_not_the_path(tiny, written):
    first = planned(tiny, {"path": written("0.02\n0.02\n0.01\n")})
    moved = planned(tiny, {"path": written("0, 2e-2\n2, 1e-2\n", "other.txt")})
    in_config = planned(tiny, {"values": [[0, 0.02], [2, 0.01]]})
    assert identity(first) == identity(moved) == identity(in_config)
    edited = planned(tiny, {"path": written("0.02\n0.02\n0.011\n")})
    assert identity(edited) != identity(first)


def test_a_job_needs_no_file(tiny, written, tmp_path):
    spec = planned(tiny, {"path": written("0.02\n0.01\n")})
    (tmp_path / "steps.csv").unlink()
    assert "path" not in spec["schedule"]
    rebuilt = schedules.from_spec(spec["schedule"])
    np.testing.assert_array_equal(rebuilt.step_sizes(3), [0.02, 0.01, 0.01])
    assert rebuilt.model_dump(mode="json") == spec["schedule"]
