"""Data from config.yaml, initial values by coordinate, and the valley that is drawn of them."""

import copy

import matplotlib.pyplot as plt
import numpy as np
import pytest
from figure_tables import assert_drawn, plot

from sparsestep import config
from sparsestep.errors import ConfigError
from sparsestep.figures.sources import Sources
from sparsestep.plan import Plan
from sparsestep.problems import generate
from sparsestep.training import train

TOY = {
    "replicates": 3,
    "iterations": 3000,
    "problem": {"kind": "given_data", "x": [[2, 1]], "y": [1], "order_seed": 0},
    "model": {"kind": "diagonal", "u": [0.4, 0.3], "v": [0.4, 0.3]},
    "snapshots": {"first": 2, "evenly_spaced": 11},
    "runs": {
        "gd": {
            "algorithm": {"kind": "gd"},
            "schedule": {"kind": "constant", "step_size": 0.05},
        },
        "label-noise": {
            "algorithm": {"kind": "label_noise_gd", "variance": 0.25},
            "schedule": {"kind": "constant", "step_size": 0.05},
        },
    },
    "measure": {"losses": None},
}
FIGURE = {"kind": "valley", "experiment": "toy"}


def make_plan(**changes):
    return Plan({"experiments": {"toy": {**TOY, **changes}}, "figures": {"valley": FIGURE}})


def sources_of(plan):
    batch = {"replicates": [0, 2]}
    problem, runs = generate({**plan.experiments.problem("toy"), **batch}), {}
    for run in ("gd", "label-noise"):
        own = generate({**plan.experiments.problem("toy", run), **batch})
        runs["toy", run] = train(own, {**plan.experiments.run("toy", run), **batch})
    return Sources(problems={"toy": problem}, trajectories=runs)


def test_data_and_start_are_as_written():
    problem = sources_of(make_plan()).problem("toy")
    np.testing.assert_array_equal(problem.x_train, [[[2.0, 1.0]]])
    np.testing.assert_array_equal(problem.y_test, [[1.0]])
    np.testing.assert_array_equal(problem.theta0, [[0.4, 0.3, 0.4, 0.3]])
    assert problem.order.shape == (3, 3000)


def test_the_order_has_a_seed_of_its_own():
    several = {"kind": "given_data", "x": [[1, 2], [3, 4], [5, 6]], "y": [1, 2, 3]}
    several |= {"init_seed": 5, "order_seed": 7, "vary": ["init", "order"]}
    raw = {"experiments": {"toy": {**TOY, "problem": several}}}
    spec = {**Plan(raw).experiments.problem("toy"), "replicates": [0, 1]}
    order = generate(spec).order
    second = np.random.SeedSequence([7, 1, 2]).generate_state(1)[0]
    for row, seed in enumerate((7, second)):
        expected = np.random.RandomState(seed).randint(3, size=TOY["iterations"])
        np.testing.assert_array_equal(order[row], expected)


def test_noise_moves_along_the_valley_and_descent_stays():
    sources = sources_of(make_plan())
    still, moved = (sources.trajectory("toy", run) for run in ("gd", "label-noise"))
    # u = v stays so, whatever the noise.
    for trajectory in (still, moved):
        u, v = np.split(trajectory.parameters, 2, axis=2)
        np.testing.assert_array_equal(u, v)
    u = still.parameters[:, -1, :2]
    np.testing.assert_allclose(u**2 @ [2, 1], 1, rtol=1e-9)
    assert np.all(u[:, 0] > 0.6)
    assert np.all(np.abs(moved.parameters[:, -1, 0]) < 0.52)


def test_valley_is_drawn():
    plan = make_plan()
    figure = plot(sources_of(plan), plan.figures.figure("valley"))
    surface, first, second, *_ = figure.axes
    stars = [line for line in surface.lines if line.get_marker() == "*"]
    np.testing.assert_allclose(stars[0].get_xydata(), [[0.0, 1.0]])
    sources = sources_of(plan)
    runs = [sources.trajectory("toy", run) for run in ("gd", "label-noise")]
    for trajectory in runs:
        for path in trajectory.parameters:
            assert_drawn(surface, path[:, 0], path[:, 1])
            assert_drawn(first, trajectory.iterations, path[:, 0])
            assert_drawn(second, trajectory.iterations, path[:, 1])
        assert_drawn(surface, *trajectory.parameters[0, -1, :2, None])
    assert_drawn(surface, [0.4], [0.3])
    # All weight where the input is smallest.
    assert_drawn(first, [0, 1], [0, 0])
    assert_drawn(second, [0, 1], [1, 1])
    for axes in (first, second):
        assert len(axes.lines) == 2 * 3 + 1
    plt.close(figure)


@pytest.mark.parametrize(
    ("block", "key", "value", "says"),
    [
        ("problem", "x", [[1, 2], [1]], "all samples must have the same number"),
        ("problem", "x", [], "at least 1"),
        ("problem", "y", [1, 2], "must have 1 entries, one a sample"),
        ("problem", "y", ["a"], "valid number"),
        ("problem", "vary", ["data"], "'init' or 'order'"),
        ("model", "u", [1, 2, 3], "model.u: must have 2 entries, one an input"),
        ("model", "u", "much", "got 'much'; input should be a valid number"),
        ("model", "v", 0.0, "figures.valley.experiment: got 'toy'; must have given_data"),
        ("problem", "x", [[1, 2, 3]], "must have 3 entries"),
        ("problem", "x", [[2, -1]], "figures.valley.experiment: got 'toy'; must have given_data"),
        ("problem", "x", [[0, 1]], "one sample, two inputs and a label, all above 0"),
        ("problem", "y", [-1], "figures.valley.experiment: got 'toy'; must have given_data"),
    ],
)
def test_bad_input_is_named(block, key, value, says):
    raw = {**TOY, block: {**TOY[block], key: value}}
    with pytest.raises(ConfigError) as caught:
        config.load({"experiments": {"toy": raw}, "figures": {"valley": FIGURE}})
    assert says in str(caught.value)


def test_weights_are_drawn_to_the_end_of_the_longest_run():
    runs = copy.deepcopy(TOY["runs"])
    runs["gd"]["iterations"] = 6000
    plan = make_plan(runs=runs)
    figure = plot(sources_of(plan), plan.figures.figure("valley"))
    assert [axes.get_xlim() for axes in figure.axes[1:3]] == [(0, 6000), (0, 6000)]
