"""Figures of trajectories and problems: what they compute, show and refuse."""

import numpy as np
import pytest
from figure_tables import legend_texts, plot
from trajectory_figures import drawn_from, with_figures

from sparsestep.artifacts import arrays
from sparsestep.artifacts import files as storage
from sparsestep.errors import ArtifactError, ConfigError
from sparsestep.figures import render
from sparsestep.figures.draw import neurons
from sparsestep.figures.sources import read_sources
from sparsestep.models import mlp
from sparsestep.plan import Plan

KINDS = ("loss_surface", "loss_surface_animation", "learned_functions", "neurons")


@pytest.fixture
def raw(tiny):
    """One tiny figure of every kind, named by it."""
    return with_figures(tiny)


@pytest.mark.parametrize("name", KINDS)
def test_drawn_and_rendered(raw, name):
    drawn = plot(*drawn_from(raw, name))
    assert "decay-50: $\\eta$ = 0.05 $\\to$ 0.025 at 52 % (0 of 3 diverged)" in legend_texts(
        drawn.figure
    )
    assert render(drawn, "png").startswith(b"\x89PNG")


@pytest.mark.parametrize("name", KINDS)
def test_all_diverged_is_drawn_all_the_same(raw, name):
    for experiment in raw["experiments"].values():
        for run in experiment["runs"].values():
            run["schedule"]["step_size"] = 500.0
    sources, spec = drawn_from(raw, name)
    assert all((t.diverged_at >= 0).all() for t in sources.trajectories.values())
    drawn = plot(sources, spec)
    assert any("3 of 3 diverged" in text for text in legend_texts(drawn.figure))
    assert render(drawn, "png").startswith(b"\x89PNG")


@pytest.mark.parametrize(("name", "experiment"), [("neurons", "plane"), ("loss_surface", "first")])
def test_noise_on_labels_is_drawn_as_without(raw, name, experiment):
    raw["experiments"][experiment]["problem"]["noise"] = 0.1
    sources, spec = drawn_from(raw, name)
    assert sources.problem(experiment).spec["problem"]["kind"].startswith("noisy_")
    assert render(plot(sources, spec), "png").startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["learned_functions", "neurons"])
def test_others_that_diverged_are_not_drawn(raw, name):
    sources, spec = drawn_from(raw, name)
    experiment = spec["figure"]["experiment"]
    thin = {"learned_functions": 0.3, "neurons": 0.35}[name]

    def thin_points():
        axes = plot(sources, spec).axes[-1]
        return sum(len(line.get_xdata()) for line in axes.lines if line.get_alpha() == thin)

    before = thin_points()
    for run in ("small", "decay-50"):
        sources.trajectory(experiment, run).diverged_at[2] = 58
    # Replicate 1 of both runs, or of the last, is left.
    assert thin_points() == before / 2 > 0


def test_functions_are_those_of_the_nearest_snapshot(raw):
    sources, spec = drawn_from(raw, "learned_functions")
    figure = plot(sources, spec)
    trajectory = sources.trajectory("line", "small")
    assert 23 not in trajectory.iterations
    assert [axes.get_title() for axes in figure.axes] == [
        "iteration 0",
        "iteration 20",
        "iteration 50",
    ]
    weight, bias, output = np.split(trajectory.parameters[0, -1], [4, 8])
    drawn = [line for line in figure.axes[2].lines if line.get_color() == "#595959"]
    x = drawn[0].get_xdata()
    expected = [sum(output * np.maximum(weight * point + bias, 0)) for point in x]
    assert any(np.allclose(line.get_ydata(), expected, rtol=1e-12) for line in drawn)
    # Replicate 0 and the two others.
    assert len(drawn) == 3
    points = [line for line in figure.axes[2].lines if line.get_marker() == "o"]
    problem = sources.problem("line")
    np.testing.assert_array_equal(points[0].get_xdata(), problem.x_train[0, :, 0])
    np.testing.assert_array_equal(points[0].get_ydata(), problem.y_train[0])
    low, high = problem.y_train.min(), problem.y_train.max()
    margin = (high - low) / 2
    assert figure.axes[2].get_ylim() == pytest.approx((low - margin, high + margin))


def test_neurons_say_all_that_a_unit_adds():
    rng = np.random.default_rng(0)
    spec = mlp.Spec(kind="mlp", widths=[5], biases=[False, False], weight_scales=[1.0, 1.0])
    network, theta, x = mlp.Network(spec, 2), rng.standard_normal(15), rng.standard_normal((7, 2))
    points, signs = neurons.neurons(network, theta)
    np.testing.assert_allclose(
        np.maximum(x @ points.T, 0) @ signs, network.predict(theta, x), rtol=1e-12
    )


def test_neurons_of_replicate_0_and_the_teacher(raw):
    sources, spec = drawn_from(raw, "neurons")
    figure = plot(sources, spec)
    assert [axes.get_title() for axes in figure.axes] == ["small", "decay-50"]
    teacher = sources.problem("plane").truth["teacher"][0]
    drawn = [tuple(point) for line in figure.axes[0].lines for point in line.get_xydata()]
    for point in teacher[:6].reshape(3, 2):
        assert any(np.allclose(point, other) for other in drawn)
    theta = sources.trajectory("plane", "small").parameters[0, -1]
    for unit in range(4):
        assert any(
            np.allclose(theta[2 * unit : 2 * unit + 2] * abs(theta[8 + unit]), other)
            for other in drawn
        )
    # Before training as they are; after it, and of the teacher, by the sign of the output weight.
    axes, start = figure.axes[0], sources.trajectory("plane", "small").parameters[0, 0]
    (before,) = (line for line in axes.lines if line.get_marker() == "o")
    np.testing.assert_array_equal(before.get_xydata(), start[:8].reshape(4, 2))
    for marker, sign in (("^", 1), ("v", -1)):
        shown = {
            size: [
                line.get_xydata().tolist()
                for line in axes.lines
                if (line.get_marker(), line.get_markersize()) == (marker, size)
            ]
            for size in (5, 10)
        }
        units = theta[:8].reshape(4, 2) * np.abs(theta[8:])[:, None]
        assert shown[5] == [units[np.sign(theta[8:]) == sign].tolist()]
        assert shown[10] == [teacher[:6].reshape(3, 2)[np.sign(teacher[6:]) == sign].tolist()]
    # The legend says so.
    told = {line.get_label(): line.get_marker() for line in neurons.handles()}
    assert told["after: $w_j |a_j|$, $a_j > 0$"] == "^"
    assert told["after: $w_j |a_j|$, $a_j < 0$"] == "v"


def test_data_of_their_own_keep_others_out(raw):
    raw["experiments"]["plane"]["problem"]["vary"] = ["data", "init", "order"]
    shared_x = {}
    for vary in (["init", "order"], ["data", "init", "order"]):
        raw["experiments"]["plane"]["problem"]["vary"] = vary
        figure = plot(*drawn_from(raw, "neurons"))
        pale = [line for line in figure.axes[0].lines if line.get_alpha() == 0.35]
        shared_x[len(vary)] = sum(len(line.get_xdata()) for line in pale)
    assert shared_x == {2: 8, 3: 0}


# figure, key and value put there, what the line must say
MISTAKES = [
    ("loss_surface", "flow", "smal", "flow: experiments.first has no such run, got 'smal'; valid:"),
    ("loss_surface", "runs", ["small", "gd"], "runs.1: experiments.first has no such run"),
    ("loss_surface", "runs", [], "runs: got []; must have at least 1 entry"),
    ("loss_surface", "fold", "none", "fold: got 'none'; input should be 'absolute' or 'pairs'"),
    ("loss_surface", "experiment", "frst", "experiment: there is none, got 'frst'; valid: first"),
    (
        "loss_surface_animation",
        "experiment",
        "line",
        "experiment: got 'line', whose problem is kink_regression; valid: sparse_regression",
    ),
    (
        "learned_functions",
        "experiment",
        "first",
        "experiment: got 'first', whose model is diagonal; valid: mlp",
    ),
    (
        "learned_functions",
        "experiment",
        "plane",
        "experiment: got 'plane', whose inputs have dimension 2; valid: 1",
    ),
    (
        "learned_functions",
        "iterations",
        [0, 60],
        "iterations.1: got 60; experiments.line ends before iteration 60",
    ),
    ("learned_functions", "iterations", [-1], "iterations.0: got -1; input should be greater"),
    ("learned_functions", "iterations", [1.5], "iterations.0: got 1.5; input should be a valid"),
    (
        "neurons",
        "experiment",
        "line",
        "experiment: got 'line', whose problem is kink_regression; valid: teacher_student",
    ),
    ("neurons", "panels", ["l0"], "panels: unknown key"),
]


@pytest.mark.parametrize(("name", "key", "value", "says"), MISTAKES)
def test_mistake_is_one_line(raw, name, key, value, says):
    raw["figures"][name][key] = value
    with pytest.raises(ConfigError) as caught:
        Plan(raw)
    assert str(caught.value).startswith(f"figures.{name}.{says}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("part", "change", "says"),
    [
        ("problem", {"dimension": 3}, "whose inputs have dimension 3; valid: 2"),
        ("problem", {"teacher_widths": [2, 2]}, "whose teacher has 2 hidden layers; valid: 1"),
        ("problem", {"teacher_biases": True}, "whose hidden units have biases; valid: none"),
        ("model", {"biases": [True, False]}, "whose hidden units have biases; valid: none"),
    ],
)
def test_neurons_that_are_no_arrows_in_a_plane(raw, part, change, says):
    raw["experiments"]["plane"][part] |= change
    with pytest.raises(ConfigError) as caught:
        Plan(raw)
    assert str(caught.value) == f"figures.neurons.experiment: got 'plane', {says}"


@pytest.fixture
def files(raw, tmp_path):
    """Names of the sources of the tiny loss surface, and its files by what they are."""
    sources, spec = drawn_from(raw, "loss_surface")
    paths = {"tables": [], "problems": [], "trajectories": [], "simulations": []}
    problem = sources.problem("first")
    paths["problems"].append(str(tmp_path / "problem"))
    arrays.write_problem(paths["problems"][0], problem, storage.provenance(problem.spec, ""))
    for _, run, _ in spec["sources"]["trajectories"]:
        trajectory = sources.trajectory("first", run)
        paths["trajectories"].append(str(tmp_path / run))
        source = storage.provenance(trajectory.spec, "")
        arrays.write_trajectory(paths["trajectories"][-1], trajectory, source)
    return spec["sources"], paths, sources


def test_sources_are_read(files):
    names, paths, written = files
    read = read_sources(names, paths)
    np.testing.assert_array_equal(read.problem("first").order, written.problem("first").order)
    for run in ("small", "decay-50"):
        np.testing.assert_array_equal(
            read.trajectory("first", run).parameters, written.trajectory("first", run).parameters
        )


@pytest.mark.parametrize("what", ["problems", "trajectories"])
def test_sources_made_from_another_spec_are_refused(files, what):
    names, paths, _ = files
    names[what][0][-1] = "0" * 12
    with pytest.raises(ArtifactError, match="was made from another configuration; rebuild it"):
        read_sources(names, paths)


def test_a_trajectory_of_another_run_is_refused(files):
    names, paths, _ = files
    paths["trajectories"].reverse()
    with pytest.raises(ArtifactError, match="was made from another configuration"):
        read_sources(names, paths)


def test_functions_at_snapshots_that_differ_are_told(raw):
    raw["experiments"]["line"]["runs"]["small"]["iterations"] = 180
    figure = plot(*drawn_from(raw, "learned_functions"))
    # Every 10 and every 30 iterations; both have the first five.
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["iteration 0", "iterations 20 to 30", "iterations 50 to 60"]


def test_losses_along_paths_are_drawn_to_the_end_of_the_longest(raw):
    raw["experiments"]["first"]["runs"]["small"]["iterations"] = 180
    del raw["figures"]["loss_surface_animation"]
    figure = plot(*drawn_from(raw, "loss_surface"))
    limits = {axes.get_xlabel(): axes.get_xlim() for axes in figure.axes}
    assert limits["iteration"] == (0, 180)
