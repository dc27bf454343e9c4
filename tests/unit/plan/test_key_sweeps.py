"""Sweeps over keys: how points are shared out to jobs, and which file is whose."""

import copy
import json

import pytest

from sparsestep.config.inheritance import merge
from sparsestep.errors import ConfigError
from sparsestep.plan import Plan, costs, key_sweeps
from sparsestep.sweeps.code import points_code
from unit.config.test_sweep_points import raw


def keys(**sweep):
    return Plan(raw(experiment="teacher", **sweep)).sweeps.keys


def values_of(chunks):
    return [[point["values"] for point in chunk["points"]] for chunk in chunks.values()]


def longer(**sweep):
    """The same of an experiment whose points take long enough to be jobs of their own."""
    content = raw(experiment="teacher", **sweep)
    content["experiments"]["teacher"] = merge(
        content["experiments"]["teacher"], {"iterations": 4_000_000}
    )
    return Plan(content).sweeps.keys


def test_many_short_points_are_one_job():
    assert len(keys(over={"problem.n_train": list(range(1, 21))}).chunks("mine")) == 1


def test_points_that_take_long_are_jobs_of_their_own():
    over = {"schedule.step_size": [0.01, 0.02, 0.03, 0.04, 0.05]}
    chunks = longer(over=over).chunks("mine")
    seconds = [sum(longer_point_seconds() for _ in points) for points in values_of(chunks)]
    assert len(chunks) > 1
    assert all(each <= 10 for each in seconds[:-1])


def longer_point_seconds():
    plan = longer(over={"iterations": [4_000_000]})
    of = plan.points("mine")[0]
    return 16 * costs.seconds(of.experiment, of.run, edges=False)


def test_values_that_are_added_leave_full_jobs_as_they_are():
    steps = [0.01 * n for n in range(1, 9)]
    before = longer(over={"schedule.step_size": steps}).chunks("mine")
    after = longer(over={"schedule.step_size": [*steps, 0.2]}).chunks("mine")
    assert len(before) > 2
    assert list(after)[: len(before) - 1] == list(before)[:-1]


def test_the_cost_grows_with_what_is_asked_for():
    (of,) = keys(over={"iterations": [1000]}).points("mine")
    (wide,) = keys(over={"iterations": [1000], "model.widths.0": [500]}).points("mine")
    (full,) = keys(over={"iterations": [1000], "algorithm": [{"kind": "gd"}]}).points("mine")
    one = costs.seconds(of.experiment, of.run, edges=False)
    assert costs.seconds(of.experiment, of.run, edges=True) > 1.2 * one
    assert costs.seconds(wide.experiment, wide.run, edges=False) > 10 * one
    assert costs.seconds(full.experiment, full.run, edges=False) > one
    assert one < 0.1


def test_a_spec_fits_into_a_command():
    over = {"model.weight_scales.0": [0.001 * n for n in range(1, 601)]}
    chunks = keys(over=over).chunks("mine")
    assert len(chunks) > 1
    assert sum(len(points) for points in values_of(chunks)) == 600
    assert all(len(str(chunk)) < 100_000 for chunk in chunks.values())


def test_ids_follow_from_content_alone():
    first = keys(over={"iterations": [20, 40]})
    written = keys(over={"iterations": ["2e1", 40]}, run="large", replicates=2)
    assert list(first.chunks("mine")) != []
    assert [of.path for of in first.tables("mine")] == [of.path for of in written.tables("mine")]
    for change in ({"average": 0.5}, {"edges": True}, {"measure": {"losses": None}}):
        other = keys(over={"iterations": [20, 40]}, **change)
        assert set(other.chunks("mine")).isdisjoint(first.chunks("mine"))


def test_which_points_share_their_problem():
    assert keys(over={"schedule.step_size": [0.1, 0.2]}).shares_problem("mine")
    for over in ({"iterations": [20, 40]}, {"model.widths.0": [5, 6]}, {"problem.n_train": [6, 7]}):
        assert not keys(over=over).shares_problem("mine")
        assert keys(over=over).problem_paths("mine", "0-1") == []


def test_a_chunk_that_is_not_there():
    sweep = keys(over={"iterations": [20, 40]})
    (chunk,) = sweep.chunks("mine")
    assert sweep.chunk("mine", chunk, "0-1")["replicates"] == [0, 1]
    for at in ((chunk, "0-2"), ("0" * 12, "0-1")):
        with pytest.raises(ConfigError, match=r"^sweeps.mine has no chunk"):
            sweep.chunk("mine", *at)


def test_the_code_is_that_of_all_kinds():
    over = {"algorithm": [{"kind": "sgd"}, {"kind": "gd"}]}
    (both,) = keys(over=over).chunks("mine").values()
    one = copy.deepcopy(both)
    del one["points"][1]
    assert points_code(both) != points_code(one)


def test_columns_and_files():
    plan = Plan(raw(experiment="teacher", over={"schedule.step_size": [{"of_edge": 0.5}]}))
    assert plan.sweeps.columns("mine")[-1] == "edge"
    assert "results/sweeps/mine.csv" in plan.output_paths()
    (path,) = plan.sweeps.paths("mine")
    assert path in plan.output_paths()
    plain = Plan(raw(experiment="teacher", over={"iterations": [20]}))
    assert "edge" not in plain.sweeps.columns("mine")
    with pytest.raises(ConfigError, match=r"config.yaml has no sweep 'other'"):
        plain.sweeps.tables("other")


def sizes(monkeypatch, limit=None, told=None, taken=None, seconds=0.0, values=7):
    """Points of each job, under other limits and where each point takes so many seconds."""
    monkeypatch.setattr(costs, "seconds", lambda *_: seconds)
    for name, value in (("POINTS", limit), ("CHARACTERS", told), ("SECONDS", taken)):
        if value is not None:
            monkeypatch.setattr(key_sweeps, f"{name}_PER_JOB", value)
    over = {"schedule.step_size": [round(0.1 + n / 1000, 3) for n in range(1, values + 1)]}
    return [len(points) for points in values_of(keys(over=over).chunks("mine"))]


def test_a_job_is_full_at_its_limits_and_not_before(monkeypatch):
    assert sizes(monkeypatch) == [7]
    assert sizes(monkeypatch, limit=3) == [3, 3, 1]
    assert sizes(monkeypatch, limit=500, taken=10.0, seconds=5 / 16) == [2, 2, 2, 1]
    # One that takes longer than a job is a job of its own.
    assert sizes(monkeypatch, taken=10.0, seconds=1.0, values=2) == [1, 1]
    sweep = keys(over={"schedule.step_size": [0.101]})
    length = len(json.dumps(sweep._point("mine", 0)))
    assert sizes(monkeypatch, told=2 * length) == [2, 2, 2, 1]
    assert sizes(monkeypatch, told=2 * length - 1) == [1] * 7


def test_runs_in_units_of_the_edge_cost_the_search_for_it(monkeypatch):
    asked = []
    monkeypatch.setattr(costs, "seconds", lambda experiment, run, edges: asked.append(edges) or 0)
    over = {"schedule.step_size": [0.1, {"of_edge": 0.5}]}
    for edges in (False, True):
        told = keys(over=over, edges=edges).chunks("mine").values()
        assert asked == [edges, True]
        asked.clear()
        # How edges are found decides nothing where none is.
        blocks = [chunk["common"] | point["blocks"] for chunk in told for point in chunk["points"]]
        assert ["edge" in block for block in blocks] == [edges, True]


def test_the_problem_of_a_batch_is_that_of_the_run():
    content = raw(experiment="teacher", over={"schedule.step_size": [0.1]}, replicates=20)
    teacher = content["experiments"]["teacher"] | {"replicates": 40}
    teacher["runs"]["own"] = {
        "schedule": {"kind": "constant", "step_size": 0.1},
        "problem": {"n_train": 4},
    }
    content["experiments"]["teacher"] = teacher
    paths = set()
    for run in ("large", "own"):
        content["sweeps"]["mine"]["run"] = run
        plan = Plan(content)
        # As many replicates as the sweep says.
        assert plan.sweeps.keys.batches("mine") == ["0-15", "16-19"]
        (path,) = plan.sweeps.keys.problem_paths("mine", "0-15")
        assert path == plan.experiments.problem_path("teacher", "0-15", run)
        assert path in plan.sweeps.output_paths()
        paths.add(path)
    assert len(paths) == 2
