"""The edge against a brute-force scan, and step sizes in units of it."""

import json

import numpy as np
import pytest

from conftest import batch_of
from sparsestep.identity import identity
from sparsestep.plan import Plan
from sparsestep.problems import generate
from sparsestep.training import train
from sparsestep.training.edge import calibrate


@pytest.fixture
def relative(tiny):
    """The tiny config with one run in units of the edge, data of its own for each replicate."""
    first = tiny["experiments"]["first"]
    first["problem"]["vary"] = ["data", "order"]
    first["edge"] = {"horizon": 0.5, "tolerance": 0.01}
    first["runs"]["decay-50"]["schedule"]["step_size"] = {"of_edge": 0.9}
    return tiny


@pytest.fixture
def spec(relative):
    return {**Plan(relative).edges("first", "decay-50"), "replicates": [0, 2]}


def first_divergence(problem, spec, row):
    """Smallest step size, in steps of 0.5 %, at which a replicate does not survive the horizon."""
    step_size = 1e-2
    while True:
        run = {
            **spec,
            "iterations": int(spec["edge"]["horizon"] * spec["iterations"]),
            "schedule": {"kind": "constant", "step_size": step_size},
            "snapshots": {"first": 1, "evenly_spaced": 1},
        }
        if train(problem, run).diverged_at[row] >= 0:
            return step_size
        step_size *= 1.005


def test_edge_is_where_a_scan_finds_it(spec):
    problem = generate(spec)
    edges = calibrate(problem, spec)
    for row, edge in enumerate(edges):
        assert edge == pytest.approx(first_divergence(problem, spec, row), rel=0.02)
    assert len(set(edges)) == 3


def test_edge_is_reproducible_and_a_replicate_s_own(spec):
    edges = calibrate(generate(spec), spec)
    np.testing.assert_array_equal(calibrate(generate(spec), spec, threads=3), edges)
    alone = {**spec, "replicates": [2, 2]}
    np.testing.assert_array_equal(calibrate(generate(alone), alone), edges[2:])


def test_step_sizes_are_fractions_of_each_edge(relative, spec):
    plan = Plan(relative)
    edges = np.array([0.1, 0.2, 0.4])
    run = {**plan.run("first", "decay-50"), "replicates": [0, 2]}
    trajectory = train(generate(spec), run, edges=edges)
    np.testing.assert_allclose(trajectory.step_sizes[:, 0], 0.9 * edges, rtol=1e-15)
    np.testing.assert_allclose(trajectory.step_sizes[:, -1], 0.9 * edges / 2, rtol=1e-15)


def test_only_relative_runs_need_edges_and_share_them(relative):
    runs = relative["experiments"]["first"]["runs"]
    runs["edge-50"] = {"schedule": {"kind": "constant", "step_size": {"of_edge": 0.5}}}
    plan = Plan(relative)
    assert plan.edges_path("first", "small", "0-2") == []
    (path,) = plan.edges_path("first", "edge-50", "0-2")
    assert plan.edges_path("first", "decay-50", "0-2") == [path]
    edges_id = identity(plan.edges("first", "edge-50"))
    assert path == f"results/edges/first-{edges_id}/0-2.safetensors"
    told = json.loads(plan.calibrate_spec(batch_of("first", edges_id=edges_id)))
    assert told == {**plan.edges("first", "edge-50"), "replicates": [0, 2]}


def test_the_way_the_edge_is_found_changes_relative_runs_alone(relative):
    before = {run: identity(Plan(relative).run("first", run)) for run in ("small", "decay-50")}
    relative["experiments"]["first"]["edge"]["horizon"] = 0.4
    after = {run: identity(Plan(relative).run("first", run)) for run in ("small", "decay-50")}
    assert before["small"] == after["small"]
    assert before["decay-50"] != after["decay-50"]
