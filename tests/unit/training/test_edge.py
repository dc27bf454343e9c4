"""The edge against a brute-force scan, and step sizes in units of it."""

import dataclasses
import json

import numpy as np
import pytest

from conftest import batch_of
from sparsestep.artifacts.identity import identity
from sparsestep.errors import ConfigError
from sparsestep.models import mlp
from sparsestep.plan import Plan
from sparsestep.problems import generate
from sparsestep.training import edge, train
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
    return {**Plan(relative).experiments.edges("first", "decay-50"), "replicates": [0, 2]}


@pytest.fixture
def mortal(relative):
    """A narrow deep ReLU network with biases: it dies long before it diverges."""
    relative["experiments"]["first"] |= {
        "iterations": 2000,
        "problem": {
            "kind": "teacher_student",
            "n_train": 6,
            "n_test": 5,
            "dimension": 2,
            "n_fresh": 5,
            "teacher_widths": [2],
            "teacher_biases": True,
            "teacher_weights": "normal",
            "data_seed": 1,
            "init_seed": 0,
            "order_seed": 0,
            "vary": ["data", "init", "order"],
        },
        "model": {
            "kind": "mlp",
            "widths": [3, 3],
            "biases": [True, True, True],
            "weight_scales": [0.8, 0.8, 0.8],
        },
        "measure": {"dead": None},
        "claims": {},
    }
    relative["figures"] = {}
    return relative


def edges_spec(raw, survive):
    raw["experiments"]["first"]["edge"]["survive"] = survive
    return {**Plan(raw).experiments.edges("first", "decay-50"), "replicates": [0, 2]}


def first_failures(problem, spec):
    """Smallest step size, in steps of 0.5 %, at which each replicate does not survive."""
    found = {}
    step_size = 1e-2
    while len(found) < len(problem.order):
        run = {
            **spec,
            "schedule": {"kind": "constant", "step_size": step_size},
            # The last of them is the horizon, half of the iterations.
            "snapshots": {"first": 1, "evenly_spaced": 3},
        }
        trajectory = train(problem, run)
        for row, diverged_at in enumerate(trajectory.diverged_at):
            survived = not 0 <= diverged_at < spec["iterations"] // 2
            if survived and spec["edge"]["survive"] == "alive":
                survived = not constant(problem, spec, trajectory, row)
            if not survived:
                found.setdefault(row, step_size)
        step_size *= 1.005
    return [found[row] for row in sorted(found)]


def constant(problem, spec, trajectory, row):
    """Whether a network says the same about all training inputs at the last snapshot."""
    network = mlp.Network(mlp.Spec(**spec["model"]), problem.x_train.shape[-1])
    theta = trajectory.parameters[row, -1]
    x = problem.of_replicate("x_train", row)
    first, *others = (float(network.predict(theta, x[[i]])[0]) for i in range(len(x)))
    return all(abs(other - first) <= 1e-10 * abs(first) for other in others)


def test_edge_is_where_a_scan_finds_it(spec):
    problem = generate(spec)
    edges = calibrate(problem, spec)
    np.testing.assert_allclose(edges, first_failures(problem, spec), rtol=0.02)
    assert len(set(edges)) == 3


def test_a_dead_network_has_not_survived(mortal):
    spec = edges_spec(mortal, "alive")
    problem = generate(spec)
    edges = calibrate(problem, spec)
    np.testing.assert_allclose(edges, first_failures(problem, spec), rtol=0.02)


def test_the_training_samples_alone_decide_the_edge(mortal):
    for survive in ("alive", "finite"):
        spec = edges_spec(mortal, survive)
        problem = generate(spec)
        # To these all networks say the same.
        changes = {"x_test": np.zeros_like(problem.x_test), "truth": {}}
        other = dataclasses.replace(problem, y_test=problem.y_test + 1, **changes)
        np.testing.assert_array_equal(calibrate(other, spec), calibrate(problem, spec))


def test_dead_networks_diverge_where_their_output_bias_does(mortal):
    spec = edges_spec(mortal, "finite")
    alive = calibrate(generate(spec), edges_spec(mortal, "alive"))
    finite = calibrate(generate(spec), spec)
    # The bias b follows b - y <- (1 - 2 eta)(b - y): 1e100 after 1000 steps of 1 - 2 eta = -1.26.
    np.testing.assert_allclose(finite, 1.13, rtol=0.02)
    assert np.all(alive < 0.7 * finite)


def test_edge_is_reproducible_and_a_replicate_s_own(spec):
    edges = calibrate(generate(spec), spec)
    np.testing.assert_array_equal(calibrate(generate(spec), spec, threads=3), edges)
    alone = {**spec, "replicates": [2, 2]}
    np.testing.assert_array_equal(calibrate(generate(alone), alone), edges[2:])


def test_step_sizes_are_fractions_of_each_edge(relative, spec):
    plan = Plan(relative)
    edges = np.array([0.1, 0.2, 0.4])
    run = {**plan.experiments.run("first", "decay-50"), "replicates": [0, 2]}
    trajectory = train(generate(spec), run, edges=edges)
    np.testing.assert_allclose(trajectory.step_sizes[:, 0], 0.9 * edges, rtol=1e-15)
    np.testing.assert_allclose(trajectory.step_sizes[:, -1], 0.9 * edges / 2, rtol=1e-15)


def test_only_relative_runs_need_edges_and_share_them(relative):
    runs = relative["experiments"]["first"]["runs"]
    runs["edge-50"] = {"schedule": {"kind": "constant", "step_size": {"of_edge": 0.5}}}
    plan = Plan(relative)
    assert plan.experiments.edges_path("first", "small", "0-2") == []
    (path,) = plan.experiments.edges_path("first", "edge-50", "0-2")
    assert plan.experiments.edges_path("first", "decay-50", "0-2") == [path]
    edges_id = identity(plan.experiments.edges("first", "edge-50"))
    assert path == f"results/edges/first-{edges_id}/0-2.safetensors"
    told = json.loads(plan.jobs.spec("calibrate")(batch_of("first", edges_id=edges_id)))
    assert told == {**plan.experiments.edges("first", "edge-50"), "replicates": [0, 2]}


def test_the_way_the_edge_is_found_changes_relative_runs_alone(relative):
    before = {
        run: identity(Plan(relative).experiments.run("first", run)) for run in ("small", "decay-50")
    }
    relative["experiments"]["first"]["edge"]["horizon"] = 0.4
    after = {
        run: identity(Plan(relative).experiments.run("first", run)) for run in ("small", "decay-50")
    }
    assert before["small"] == after["small"]
    assert before["decay-50"] != after["decay-50"]


def islands(*survivors):
    """A `survives` that holds within the given intervals, for every replicate its own."""

    def survives(step_sizes):
        return np.array(
            [
                any(low <= step_size <= high for low, high in intervals)
                for step_size, intervals in zip(step_sizes, survivors, strict=True)
            ]
        )

    return survives


def test_below_the_edge_a_fifth_of_step_sizes_survives():
    # What a bisection may hit: the top; an island over a long gap; over two gaps; a fifth in all,
    # but not at a stretch; one step short of a fifth; nothing below.
    survives = islands(
        [(0, 1)],
        [(0, 0.6), (0.99, 1)],
        [(0, 0.3), (0.5, 0.55), (0.9, 1)],
        [(0, 0.5), (0.75, 0.88), (0.9, 1)],
        # 0.99^22 > 0.8 > 0.99^23.
        [(0, 0.5), (0.8, 1)],
        [(0.999, 1)],
    )
    edges = edge._below_failures(survives, np.ones(6), 0.01)
    np.testing.assert_allclose(edges[:5], [1, 0.6, 0.3, 0.5, 0.5], rtol=0.011)
    assert np.isnan(edges[5])
    for fraction in np.linspace(0.8, 1, 50):
        assert survives(fraction * edges)[:5].all()


def test_no_bracket_is_no_edge():
    # Survives all, none, and below 1.
    survives = islands([(0, np.inf)], [], [(0, 1)])
    low, high = edge._bracket(survives, 3)
    assert np.isnan(low[:2]).all()
    assert np.isnan(high[:2]).all()
    assert low[2] <= 1 <= high[2]


def test_a_replicate_without_an_edge_counts_as_diverged(relative):
    # All-zero parameters have no gradient, so that every step size survives.
    relative["experiments"]["first"]["model"]["u"] = 0.0
    plan = Plan(relative)
    batch = {"replicates": [0, 2]}
    problem = generate({**plan.experiments.problem("first"), **batch})
    edges = calibrate(problem, {**plan.experiments.edges("first", "decay-50"), **batch})
    assert np.isnan(edges).all()
    trajectory = train(problem, {**plan.experiments.run("first", "decay-50"), **batch}, 1, edges)
    assert (trajectory.diverged_at >= 0).all()


def test_there_must_be_iterations_to_survive(relative):
    first = relative["experiments"]["first"]
    del first["edge"]
    first["iterations"] = 1
    # Only keys that the user wrote are named.
    with pytest.raises(ConfigError, match=r"^experiments\.first\.iterations: got 1; edges are"):
        Plan(relative)
    first["edge"] = {"horizon": 0.25}
    with pytest.raises(ConfigError, match=r"first\.edge\.horizon: no iteration lies within 0\.25"):
        Plan(relative)
    # Part of an iteration is none: they are rounded down, as the search does.
    first |= {"iterations": 60, "edge": {"horizon": 0.01}}
    with pytest.raises(ConfigError, match=r"first\.edge\.horizon: no iteration lies within 0\.01"):
        Plan(relative)
    first["edge"]["horizon"] = 0.017
    Plan(relative)


def test_an_edge_that_nobody_asks_for_needs_no_iterations(tiny):
    tiny["experiments"]["first"]["iterations"] = 1
    assert Plan(tiny).config.experiments["first"].iterations == 1


def on_two_samples(horizon, model, y, theta0):
    """What survives of four updates of gradient descent on x = 1, 2, from this start."""
    seeds = {"data_seed": 0, "init_seed": 0, "order_seed": 0}
    spec = {
        "problem": {"kind": "given_data", "x": [[1.0], [2.0]], "y": [y, y], **seeds},
        "model": model,
        "algorithm": {"kind": "gd"},
        "iterations": 4,
        "replicates": [0, 0],
        "edge": {"horizon": horizon, "tolerance": 0.01, "survive": "alive"},
    }
    problem = dataclasses.replace(generate(spec), theta0=np.array([theta0]))
    return edge._survival(problem, spec, 1)


def test_part_of_an_iteration_need_not_be_survived():
    # h is 1e42 before the second update, and 1e166 before the third: 1e100 is what diverges.
    model = {"kind": "diagonal", "u": 1.0, "v": 1.0}
    eta = np.array([1e20])
    assert on_two_samples(0.7, model, 10.0, [1.0, 1.0])(eta).all()
    assert not on_two_samples(0.75, model, 10.0, [1.0, 1.0])(eta).any()


def test_a_network_must_be_alive_before_the_last_update():
    # The first update turns the only unit off on both samples: w = 1 - 3.5, b = -2.3.
    model = {"kind": "mlp", "widths": [1], "biases": [True, True], "weight_scales": [1.0, 1.0]}
    eta, theta0 = np.array([0.1]), [1.0, 0.0, 1.0, 0.0]
    assert on_two_samples(0.25, model, -10.0, theta0)(eta).all()
    assert not on_two_samples(0.5, model, -10.0, theta0)(eta).any()
