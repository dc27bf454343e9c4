"""Figures of trajectories and problems: what they compute, show and refuse."""

import copy
import io
import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
from figure_tables import assert_drawn, assert_filled, plot
from PIL import Image

from conftest import TINY, batch_of
from sparsestep.artifacts import arrays
from sparsestep.artifacts import files as storage
from sparsestep.errors import ArtifactError, ConfigError
from sparsestep.figures import render
from sparsestep.figures.draw import neurons
from sparsestep.figures.parts import loss_slice
from sparsestep.figures.parts import surface as surface_panels
from sparsestep.figures.sources import Sources, read_sources
from sparsestep.models import diagonal, mlp
from sparsestep.plan import Plan
from sparsestep.problems import generate
from sparsestep.training import train

KINDS = ("loss_surface", "loss_surface_animation", "learned_functions", "neurons")


def two_layers(problem, biases):
    """An experiment with ReLU networks of four units."""
    model = {"kind": "mlp", "widths": [4], "biases": biases, "weight_scales": [1.0, 0.5]}
    experiment = copy.deepcopy(TINY["experiments"]["first"])
    return {
        **experiment,
        "problem": problem,
        "model": model,
        "measure": {"losses": None},
        "claims": {},
    }


@pytest.fixture
def raw(tiny):
    """One tiny figure of every kind, named by it."""
    kinks = {"kind": "kink_regression", "init_seed": 1, "order_seed": 1, "n_fresh": 5}
    teacher = {
        "kind": "teacher_student",
        **{"n_train": 6, "n_test": 8, "dimension": 2, "n_fresh": 4},
        **{"teacher_widths": [3], "teacher_biases": False, "teacher_weights": "unit"},
        **{"data_seed": 1, "init_seed": 0, "order_seed": 0},
    }
    tiny["experiments"]["line"] = two_layers(kinks, [True, False])
    tiny["experiments"]["plane"] = two_layers(teacher, [False, False])
    surface = {"experiment": "first", "flow": "small", "runs": ["small", "decay-50"]}
    tiny["figures"] = {
        "loss_surface": {"kind": "loss_surface", **surface},
        "loss_surface_animation": {"kind": "loss_surface_animation", **surface},
        "learned_functions": {
            "kind": "learned_functions",
            "experiment": "line",
            "iterations": [0, 23, 59],
        },
        "neurons": {"kind": "neurons", "experiment": "plane"},
    }
    return tiny


def drawn_from(raw, name):
    """Sources and spec of a figure, all runs of its experiment trained."""
    plan = Plan(raw)
    experiment = plan.config.figures[name].experiment
    trajectories = {}
    for run in plan.config.experiments[experiment].runs:
        spec = {**plan.experiments.run(experiment, run), "replicates": [0, 2]}
        problem = generate({**plan.experiments.problem(experiment), "replicates": [0, 2]})
        trajectories[experiment, run] = train(problem, spec)
    sources = Sources(problems={experiment: problem}, trajectories=trajectories)
    return sources, json.loads(plan.jobs.spec("figure")(batch_of(experiment, figure=name)))


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def legend_texts(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


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


@pytest.mark.parametrize("name", ["loss_surface", "loss_surface_animation"])
def test_a_path_to_infinity_leaves_the_slice_as_it_is(raw, name):
    raw["experiments"]["first"]["runs"]["decay-50"]["schedule"]["step_size"] = 500.0
    sources, spec = drawn_from(raw, name)
    assert (sources.trajectory("first", "decay-50").diverged_at >= 0).all()
    drawn = plot(sources, spec)
    assert drawn.figure.axes[0].get_xlim() == pytest.approx((-0.5, 2.3))
    for kind in ("png", "gif") if name == "loss_surface_animation" else ("png", "svg"):
        assert len(render(drawn, kind)) > 1000


@pytest.mark.parametrize("kind", ["gif", "svg", "png", "pdf"])
def test_same_bytes_of_an_animation(raw, kind):
    sources, spec = drawn_from(raw, "loss_surface_animation")
    first = plot(sources, spec)
    # A picture of one format leaves nothing behind in the next.
    render(first, "png")
    render(first, "gif")
    assert render(first, kind) == render(plot(sources, spec), kind)


def test_an_animation_ends_with_the_still_figure(raw):
    sources, spec = drawn_from(raw, "loss_surface_animation")
    animation = plot(sources, spec)
    gif = Image.open(io.BytesIO(render(animation, "gif")))
    # A frame a snapshot, where there are few: 0 to 4, and six more of the evenly spaced seven.
    assert gif.n_frames == animation.frames == len(sources.trajectory("first", "small").iterations)
    assert gif.info["loop"] == 0
    gif.seek(gif.n_frames - 1)
    last = np.array(gif.convert("RGB"), dtype=float)
    still = io.BytesIO()
    animation.figure.savefig(still, dpi=100)
    assert np.abs(last - np.array(Image.open(still).convert("RGB"))).mean() < 2
    gif.seek(0)
    assert np.abs(last - np.array(gif.convert("RGB"))).max() > 50


@pytest.fixture
def surface(raw):
    """Slice, network and problem of the tiny loss surface."""
    sources, spec = drawn_from(raw, "loss_surface")
    figure = Plan(raw).config.figures["loss_surface"]
    assert spec["figure"]["flow"] == figure.flow
    return surface_panels.Surface(sources, figure), sources


def test_the_slice_goes_through_its_points(surface):
    drawn, sources = surface
    beta = sources.problem("first").truth["beta_star"][0]
    root = np.concatenate([np.sqrt(beta), np.sqrt(beta)])
    start = np.repeat([0.1, 0.0], len(beta))
    flow = sources.trajectory("first", "small").parameters[0, -1]
    np.testing.assert_allclose(drawn.plane.coefficients(start), (0, 0), atol=1e-12)
    np.testing.assert_allclose(drawn.plane.coefficients(root), (1, 0), atol=1e-12)
    a, b = drawn.plane.coefficients(flow)
    assert b == pytest.approx(1)
    # It lies in the plane: the projection does not move it.
    np.testing.assert_allclose(drawn.plane.parameters(a, b), flow, rtol=1e-12)
    assert abs(drawn.plane.first @ drawn.plane.second) < 1e-12


def test_grid_losses_are_the_training_loss(surface):
    drawn, sources = surface
    problem = sources.problem("first")
    x, y = problem.x_train[0], problem.y_train[0]
    values = loss_slice.grid_losses(drawn.network, drawn.plane, problem)
    assert values.shape == (100, 100)
    rng = np.random.default_rng(0)
    for row, column in rng.integers(100, size=(30, 2)):
        a, b = -0.5 + 2.8 * column / 99, -0.5 + 2.8 * row / 99
        theta = drawn.points["start"] + a * drawn.plane.first + b * drawn.plane.second
        loss = 0.0
        for sample, label in zip(x, y, strict=True):
            h = sum(theta[j] * theta[j + 8] * sample[j] for j in range(8))
            loss += (h - label) ** 2 / (2 * len(y))
        assert values[row, column] == pytest.approx(loss, rel=1e-10)


def test_points_that_span_no_plane():
    start, solution = np.zeros(4), np.ones(4)
    for flow in (start, solution, 0.3 * solution, np.full(4, np.nan)):
        assert loss_slice.slice_through(start, solution, flow) is None
    assert loss_slice.slice_through(start, start, solution) is None


def test_folding():
    theta = np.random.default_rng(0).standard_normal((5, 3, 8))
    assert (loss_slice.folded(theta, "absolute") >= 0).all()
    pairs = loss_slice.folded(theta, "pairs")
    network = diagonal.Network(diagonal.Spec(kind="diagonal", u=0.1, v=0.0), 4)
    expected = network.effective_weights(theta)
    np.testing.assert_array_equal(network.effective_weights(pairs), expected)
    u, v = network.split(pairs)
    assert (u + v >= 0).all()


def test_the_path_and_the_decay_are_drawn(raw):
    sources, spec = drawn_from(raw, "loss_surface")
    figure = plot(sources, spec)
    trajectory = sources.trajectory("first", "decay-50")
    lines = {line.get_marker(): line for line in figure.axes[0].lines if len(line.get_xdata())}
    # Iteration 31 takes the first small step: the last snapshot that none has touched is at 30.
    at = list(trajectory.iterations).index(30)
    drawn = np.array([lines["X"].get_xdata(), lines["X"].get_ydata()]).T
    beta = sources.problem("first").truth["beta_star"][0]
    plane = loss_slice.slice_through(
        trajectory.parameters[0, 0],
        np.sqrt(np.concatenate([beta, beta])),
        sources.trajectory("first", "small").parameters[0, -1],
    )
    expected = plane.coefficients(np.abs(trajectory.parameters[0, at]))
    np.testing.assert_allclose(drawn, [expected], rtol=1e-9)
    assert len(lines["o"].get_xdata()) == len(trajectory.iterations)


def test_the_surface_its_points_and_the_losses(raw):
    sources, spec = drawn_from(raw, "loss_surface")
    surface, losses = plot(sources, spec).axes[:2]
    drawn = surface_panels.Surface(sources, Plan(raw).config.figures["loss_surface"])
    (image,) = surface.get_images()
    values = loss_slice.grid_losses(drawn.network, drawn.plane, sources.problem("first"))
    np.testing.assert_array_equal(image.get_array(), values)
    # The middles of the outer pixels are the ends of the grid, 99 pixels apart.
    half = 2.8 / 99 / 2
    ends = [-0.5 - half, 2.3 + half]
    assert image.get_extent() == pytest.approx([*ends, *ends])
    assert image.origin == "lower"
    points = [line.get_xydata()[0] for line in surface.lines if line.get_zorder() == 5]
    np.testing.assert_allclose(points[:2], [(0, 0), (1, 0)], atol=1e-12)
    assert points[2][1] == pytest.approx(1)
    for run in ("small", "decay-50"):
        trajectory = sources.trajectory("first", run)
        assert_drawn(surface, *drawn.path(run))
        assert_drawn(surface, *drawn.path(run)[:, -1:])
        # (1/2) mean of (<u * v, x> - y)^2, of all replicates.
        u, v = np.split(trajectory.parameters, 2, axis=2)
        problem = sources.problem("first")
        residuals = (u * v) @ problem.x_train[0].T - problem.y_train[0]
        loss = np.mean(residuals**2, axis=2) / 2
        low, median, high = np.percentile(loss, (10, 50, 90), axis=0)
        assert_drawn(losses, trajectory.iterations, median)
        assert_filled(losses, trajectory.iterations, low, high)


def test_the_last_snapshot_before_smaller_steps(raw):
    sources, _ = drawn_from(raw, "loss_surface")
    trajectory = sources.trajectory("first", "small")
    assert trajectory.iterations[-3:].tolist() == [30, 40, 50]
    # A snapshot at the decay's own iteration was taken before that update.
    found = surface_panels.decay_snapshots(trajectory, [29, 30, 31, 39, 40])
    assert trajectory.iterations[found].tolist() == [20, 30, 30, 30, 40]


def test_a_frame_shows_what_was_before_it(raw):
    sources, spec = drawn_from(raw, "loss_surface_animation")
    animation = plot(sources, spec)
    surface = surface_panels.Surface(sources, Plan(raw).config.figures["loss_surface_animation"])
    losses = surface.losses().query("replicate == 0").set_index("run")["train_loss"]
    iterations = sources.trajectory("first", "small").iterations
    decayed = list(iterations).index(30)
    for frame in (0, 3, decayed, decayed + 1, animation.frames - 1):
        animation.show(frame)
        *lines, counter = animation.moving
        assert counter.get_text() == f"iteration {iterations[frame]}"
        for run, of_run in zip(("small", "decay-50"), (lines[:5], lines[5:]), strict=True):
            path, decay, end, loss, loss_end = (line.get_xydata() for line in of_run)
            expected = surface.path(run).T[: frame + 1]
            np.testing.assert_array_equal(path, expected)
            np.testing.assert_array_equal(end, expected[-1:])
            np.testing.assert_array_equal(loss[:, 0], iterations[: frame + 1] + 1)
            np.testing.assert_array_equal(loss[:, 1], losses[run][: frame + 1])
            np.testing.assert_array_equal(loss_end, loss[-1:])
            # The cross before the decay, once a step has been made after it.
            crosses = expected[[decayed]] if run == "decay-50" and frame > decayed else []
            np.testing.assert_array_equal(decay, np.reshape(crosses, (-1, 2)))


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
