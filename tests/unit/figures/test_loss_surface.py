"""The loss surface and its animation: the slice, paths on it, losses beside it."""

import io

import numpy as np
import pytest
from figure_tables import assert_drawn, assert_filled, plot
from PIL import Image
from trajectory_figures import drawn_from, with_figures

from sparsestep.figures import render
from sparsestep.figures.parts import loss_slice
from sparsestep.figures.parts import surface as surface_panels
from sparsestep.models import diagonal
from sparsestep.plan import Plan


@pytest.fixture
def raw(tiny):
    """One tiny figure of every kind, named by it."""
    return with_figures(tiny)


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
    raw["experiments"]["first"]["replicates"] = 6
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
