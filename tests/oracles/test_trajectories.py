"""Problems, step sizes, edges and trajectories of the tiny workflow against plain loops."""

import functools

import numpy as np
import pytest
from independent import edges, schedules, streams, trainings
from tiny_workflow import EXPERIMENTS, finished, runs

RUNS = runs("vectors")
# Largest difference from the plain loop, beside the largest parameter of a snapshot. float32 rounds
# every update at 6e-8. The copies part from 1e-10 to order 1, and rounding, 1e-16, with them; what
# explodes makes an error of a power of it.
ROUNDING = {"float64": 1e-10, "float32": 2e-6}
UNSTABLE = {("points", "chaotic"): 1e-4, ("kinks-float32", "exploding"): 1e-3}


def arrays_of(experiment, row, run=None):
    """What is stored of a replicate's problem, by name."""
    problem = finished().problem(experiment, run)
    names = ("x_train", "y_train", "x_test", "y_test", "theta0", "order", *problem.truth)
    return {name: problem.of_replicate(name, row) for name in names}


def rows_of(experiment):
    return range(EXPERIMENTS[experiment]["replicates"])


@functools.cache
def own_step_sizes(experiment, run):
    """(R, T): a row a replicate, as the schedule's formula has it."""
    spec = finished().trajectory(experiment, run).spec
    row = np.array(schedules.step_sizes(spec["schedule"], spec["iterations"]))
    edges_of_run = finished().edges(experiment, run)
    scales = np.ones(len(rows_of(experiment))) if edges_of_run is None else edges_of_run
    return scales[:, None] * row


@functools.cache
def trained(experiment, run):
    """Of each replicate what `trainings.train` returns: none of it stored but the problem."""
    spec = finished().trajectory(experiment, run).spec
    other = spec["algorithm"].get("of")
    found = []
    for row in rows_of(experiment):
        losses = trained(experiment, other)[row][1] if other else None
        arrays = arrays_of(experiment, row, run)
        arguments = arrays, row, own_step_sizes(experiment, run)[row]
        found.append(trainings.train(spec, *arguments, losses))
    return found


PROBLEMS = [*((experiment, None) for experiment in dict(RUNS)), ("sparse", "further")]


@pytest.mark.parametrize(("experiment", "run"), PROBLEMS)
def test_problems_are_drawn_as_their_definitions_say(experiment, run):
    spec = finished().problem(experiment, run).spec
    for row in rows_of(experiment):
        stored = arrays_of(experiment, row, run)
        # The teacher's parameters show in its labels.
        stored.pop("teacher", None)
        order = stored.pop("order")
        samples, dimension = stored["x_train"].shape
        drawn = streams.sampling_order(spec["problem"], spec["iterations"], samples, row)
        np.testing.assert_array_equal(order, drawn)
        seed = streams.seed_of(spec["problem"], "init", row)
        own = streams.data(spec["problem"], row)
        own["theta0"] = streams.initial_parameters(spec["model"], dimension, seed)
        assert own.keys() == stored.keys()
        # torch draws other last bits on other processors, float32 ones.
        taught = spec["problem"]["kind"].endswith(("teacher_student", "kink_regression"))
        relative = 1e-6 if taught else 1e-14
        for name, values in stored.items():
            np.testing.assert_allclose(values, own[name], rtol=relative, atol=relative)


@pytest.mark.parametrize(("experiment", "run"), RUNS)
def test_step_sizes_and_snapshots_are_the_bits_of_their_formulas(experiment, run):
    trajectory = finished().trajectory(experiment, run)
    spec = trajectory.spec
    at = schedules.snapshots(spec["snapshots"], spec["iterations"])
    np.testing.assert_array_equal(trajectory.iterations, at)
    own = own_step_sizes(experiment, run)[:, at]
    if spec["schedule"]["kind"] == "exponential_warmup":
        # Python's powers and NumPy's may differ in the last bit.
        np.testing.assert_allclose(trajectory.step_sizes, own, rtol=4e-16, atol=0)
    elif spec["schedule"]["kind"] == "cosine":
        # The C library's cosine, and one minus it where it is nearly one.
        np.testing.assert_allclose(trajectory.step_sizes, own, rtol=4e-15, atol=0)
    else:
        np.testing.assert_array_equal(trajectory.step_sizes, own)


@pytest.mark.parametrize(("experiment", "run"), RUNS)
def test_trajectories_are_those_of_plain_loops(experiment, run):
    trajectory = finished().trajectory(experiment, run)
    precision = trajectory.spec["algorithm"].get("precision", "float64")
    bound = UNSTABLE.get((experiment, run), ROUNDING[precision])
    for row, (visited, losses, diverged_at) in enumerate(trained(experiment, run)):
        assert trajectory.diverged_at[row] == diverged_at
        assert_close(trajectory.parameters[row], visited[trajectory.iterations], bound)
        numbers = trajectory.parameters[row, np.isfinite(trajectory.parameters[row]).all(axis=1)]
        are_float32 = np.array_equal(numbers[1:], numbers[1:].astype(np.float32))
        # A bound as wide as the rounding of float32 would let float64 pass.
        assert are_float32 == (precision == "float32" or len(numbers) == 1)
        if trajectory.spec["algorithm"].get("log_loss"):
            assert_close(trajectory.train_loss[row], losses, bound)


def assert_close(stored, own, bound):
    """Equal, NaN where the other is, to this part of the largest number."""
    np.testing.assert_array_equal(np.isnan(stored), np.isnan(own))
    # Before it diverges, a replicate is large in its last rows: each row has a size of its own.
    stored, own = (part.reshape(len(stored), -1) for part in (stored, own))
    size = np.nanmax(np.abs(own), axis=1, initial=1e-300, where=~np.isnan(own))
    assert np.nanmax(np.abs(stored - own) / size[:, None], initial=0) <= bound


WRONG = [
    ("kinks", "covariance", {"noise": "second_moment"}),
    ("kinks", "epochs", {"sampling": "replacement"}),
    ("theory", "batches", {"nesterov": False}),
    ("theory", "batches", {"label_noise": 0.300001}),
    ("teacher", "batches", {"batch_size": 5}),
    ("optimised-tanh", "momentum", {"momentum": 0.600001}),
]


@pytest.mark.parametrize(("experiment", "run", "option"), WRONG)
def test_a_slightly_wrong_definition_is_seen(experiment, run, option):
    stored = finished().trajectory(experiment, run)
    spec = {**stored.spec, "algorithm": {**stored.spec["algorithm"], **option}}
    steps = own_step_sizes(experiment, run)[0]
    wrong, _, _ = trainings.train(spec, arrays_of(experiment, 0), 0, steps)
    with pytest.raises(AssertionError):
        assert_close(stored.parameters[0], wrong[stored.iterations], ROUNDING["float64"])


# One run of each algorithm: those that differ in their fraction of it share their edge.
CALIBRATED = [("sparse", "edge-50"), ("teacher", "edge-60"), ("teacher", "gd-edge")]


@pytest.mark.parametrize(("experiment", "run"), CALIBRATED)
def test_edges_are_what_a_search_with_plain_loops_finds(experiment, run):
    spec = finished().trajectory(experiment, run).spec
    for row, edge in enumerate(finished().edges(experiment, run)):
        own = edges.search(spec, arrays_of(experiment, row))
        assert edge == pytest.approx(own, rel=1e-12)


@pytest.mark.parametrize(("experiment", "run"), CALIBRATED)
def test_below_an_edge_a_fifth_of_step_sizes_survives_and_above_it_some_do_not(experiment, run):
    spec = finished().trajectory(experiment, run).spec
    tolerance = spec["edge"]["tolerance"]
    for row, edge in enumerate(finished().edges(experiment, run)):
        arrays = arrays_of(experiment, row)
        # The border of what diverges is a fractal: a finer grid may find more just below it.
        down = edge * (1 - tolerance) ** np.arange(np.log(0.8) / np.log(1 - tolerance))
        assert edges.survives(spec, arrays, down).all()
        above = edge * np.linspace(1, 1 / (1 - tolerance), 41)[1:]
        assert not edges.survives(spec, arrays, above).all()


def test_edges_of_another_horizon_are_others():
    spec = finished().trajectory("sparse", "edge-50").spec
    shorter = {**spec, "edge": {**spec["edge"], "horizon": 0.1}}
    edge = finished().edges("sparse", "edge-50")[0]
    assert edges.search(shorter, arrays_of("sparse", 0)) > 1.01 * edge
