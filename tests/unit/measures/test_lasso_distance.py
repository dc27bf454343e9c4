"""The Lasso's path against coordinate descent, columns against definitions, theory against runs."""

import dataclasses

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsestep import config
from sparsestep.errors import ConfigError
from sparsestep.measures import lasso_distance, measure
from sparsestep.measures.lasso_path import LassoPath
from sparsestep.plan import Plan
from sparsestep.plan.blocks import dumped
from sparsestep.problems import generate
from sparsestep.training import train


def make_data(n, d, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d)) * rng.uniform(0.5, 2.0, d)
    truth = np.where(np.arange(d) < max(1, d // 3), rng.standard_normal(d), 0.0)
    return x, x @ truth + 0.1 * rng.standard_normal(n)


@settings(deadline=None, max_examples=15)
@given(n=st.integers(3, 12), d=st.integers(1, 8), seed=st.integers(0, 1000))
def test_path_is_that_of_coordinate_descent(n, d, seed):
    x, y = make_data(n, d, seed)
    path = LassoPath(x, y)
    scales = (x**2).mean(axis=0)
    largest = np.abs(x.T @ y / scales).max() / n
    assert path.penalties[0] == pytest.approx(largest)
    for share in (2.0, 0.9, 0.5, 0.2, 0.05):
        found = path.at(share * largest)
        weights = share * largest * scales
        slow = oracles.lasso(x, y, weights)
        # Losses, because coordinate descent may still be far away along a flat valley (n < d).
        found_loss, slow_loss = (
            ((x @ b - y) ** 2).sum() / (2 * n) + weights @ np.abs(b) for b in (found, slow)
        )
        assert found_loss <= slow_loss * (1 + 1e-12)
        assert slow_loss <= found_loss * (1 + 1e-4)
        # What makes it a minimum: the gradient of the squared loss against the penalty's slope.
        slope = x.T @ (x @ found - y) / n / weights
        on = np.abs(found) > 1e-9
        np.testing.assert_allclose(slope[on], -np.sign(found[on]), atol=1e-8)
        assert (np.abs(slope) <= 1 + 1e-8).all()


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 1000))
def test_nearest_point_beats_a_fine_grid(seed):
    path = LassoPath(*make_data(8, 5, seed))
    points = np.random.default_rng(seed).standard_normal((4, 5))
    distance, penalty = path.nearest(points)
    grid = np.array([path.at(p) for p in np.linspace(0, path.penalties[0], 3001)])
    for point, least, at in zip(points, distance, penalty, strict=True):
        by_grid = np.linalg.norm(grid - point, axis=1).min()
        assert least <= by_grid + 1e-12
        assert least == pytest.approx(by_grid, abs=5e-3)
        assert np.linalg.norm(path.at(at) - point) == pytest.approx(least)


def test_points_of_the_path_are_their_own_nearest():
    path = LassoPath(*make_data(9, 6, 1))
    penalties = np.array([0.7, 0.3, 0.1]) * path.penalties[0]
    distance, found = path.nearest(np.array([path.at(p) for p in penalties]))
    np.testing.assert_allclose(distance, 0, atol=1e-12)
    np.testing.assert_allclose(found, penalties)


def test_path_of_labels_that_are_all_zero():
    path = LassoPath(make_data(4, 3, 0)[0], np.zeros(4))
    distance, penalty = path.nearest(np.array([[3.0, 0.0, 4.0], [np.nan, 0.0, 0.0]]))
    np.testing.assert_array_equal(distance, [5.0, np.nan])
    np.testing.assert_array_equal(penalty, [0.0, np.nan])


def noisy(tiny, variance=0.5, **changes):
    """The tiny experiment, its run small with label noise, and what `measure` is told."""
    tiny["figures"] = {}
    first = tiny["experiments"]["first"]
    first.pop("claims")
    first.update(measure={"lasso_distance": {"support_threshold": 0.05}}, **changes)
    first["runs"]["small"]["algorithm"] = {"kind": "label_noise_gd", "variance": variance}
    plan = Plan(tiny)
    spec = {**plan.experiments.run("first", "small"), "replicates": [0, 2]}
    return spec, {**spec, "measure": dumped(plan.config.experiments["first"].measure)}


def test_columns_are_their_definitions(tiny):
    spec, measured = noisy(tiny)
    problem = generate(spec)
    trajectory = train(problem, spec)
    table = measure(problem, trajectory, measured)
    d, n, level = 8, 6, 0.01 * 0.5
    for r, theta in enumerate(trajectory.parameters):
        x, y, truth = (problem.of_replicate(k, r) for k in ("x_train", "y_train", "beta_star"))
        path, scales = LassoPath(x, y), (x**2).mean(axis=0)
        b = oracles.lasso(x, y, level / (2 * n) * scales, 50_000)
        on, zero = truth != 0, np.abs(b) < 1e-10
        beta = theta[:, :d] * theta[:, d:]
        for s, t in enumerate(trajectory.iterations):
            row = table[(table["replicate"] == r) & (table["iteration"] == t)].iloc[0]
            late = [k for k, i in enumerate(trajectory.iterations) if t / 2 < i <= t] or [s]
            mean = sum(beta[k] for k in late) / len(late)
            found = np.abs(beta[s]) > 0.05
            of_mean = path.nearest(mean[None])
            expected = {
                "noise_level": level,
                "lasso_distance": path.nearest(beta[s : s + 1])[0][0],
                "mean_lasso_distance": of_mean[0][0],
                "mean_lasso_penalty": of_mean[1][0],
                "mean_lasso_error": np.linalg.norm(mean - b),
                "support_precision": (found & on).sum() / found.sum() if found.any() else np.nan,
                "support_recall": (found & on).sum() / 2,
                "off_support_norm": np.linalg.norm(beta[s, ~on]),
                "support_distance": np.linalg.norm((beta[s] - truth)[on]),
                "predicted_penalty": level / 12,
                "predicted_recall": (np.abs(b[on]) > 0.05).mean(),
                "predicted_precision": (np.abs(b) > 0.05)[on].sum() / (np.abs(b) > 0.05).sum(),
                "predicted_fluctuation": np.sqrt(level / n * np.abs(b).sum()),
                "predicted_support_distance": np.sqrt(
                    level / n * np.abs(b).sum() + ((b - truth)[on] ** 2).sum()
                ),
                "predicted_decay": 0.02
                * (level / 12 * scales - np.abs(x.T @ (x @ b - y)) / n)[zero].mean(),
                # v starts at 0.
                "log_off_lasso_support": np.log(np.abs(beta[s, zero])).mean() if t else np.nan,
            }
            assert set(expected) == set(lasso_distance.columns(lasso_distance.Spec()))
            for name, value in expected.items():
                assert row[name] == pytest.approx(value, rel=1e-6, abs=1e-9, nan_ok=True), name


def test_theory_against_long_runs(tiny):
    # One weight on the support, two off it. The terms left out are of relative size eta, and the
    # noise is such that the Lasso's bias, 0.05, is eight times the standard error of the mean.
    problem = {"n_train": 8, "dimension": 3, "support": 1, "data_seed": 4}
    tiny["experiments"]["first"]["problem"].update(problem)
    tiny["experiments"]["first"]["runs"]["small"]["schedule"]["step_size"] = 0.02
    spec, _ = noisy(tiny, 40.0, iterations=200_000, snapshots={"first": 1, "evenly_spaced": 2001})
    spec = {**spec, "replicates": [0, 7]}
    problem = generate(spec)
    theta = train(problem, spec, threads=2).parameters
    x, y = problem.x_train[0], problem.y_train[0]
    path, eta = LassoPath(x, y), 0.02
    predicted = lasso_distance.Prediction(path, x, y, eta, 40.0)
    assert predicted.zero.tolist() == [False, True, True]
    u, v = theta[..., :3], theta[..., 3:]
    late = (u * v)[:, 1000:]

    error = late.mean(axis=1) - predicted.solution
    deviation = error.std(axis=0, ddof=1) / np.sqrt(8)
    assert (np.abs(error.mean(axis=0)) <= 4 * deviation + 1e-12).all()
    assert 1 - predicted.solution[0] > 8 * deviation[0]

    square = ((late - predicted.solution) ** 2).sum(axis=-1).mean(axis=1)
    deviation = square.std(ddof=1) / np.sqrt(8)
    assert abs(square.mean() - predicted.fluctuation**2) < (
        4 * deviation + 0.05 * predicted.fluctuation**2
    )

    # u^2 - v^2 = p q, where the noise cancels; not on the support, where q is lost in rounding.
    p, q = ((u + sign * v)[:, [10, 100], 1:] for sign in (1, -1))
    logs = np.log(np.abs(p * q))
    rate = (logs[:, 0] - logs[:, 1]).mean(axis=0) / (90 * 100)
    expected = 2 * eta * predicted.penalty * path.scales[1:]
    np.testing.assert_allclose(rate, expected, rtol=0.06)

    logs = np.log(np.abs((u * v)[:, [1, 1000], 1:]))
    decay = (logs[:, 0] - logs[:, 1]) / 99_900
    deviation = decay.std(axis=0, ddof=1) / np.sqrt(8)
    assert (np.abs(decay.mean(axis=0) - predicted.decay[1:]) < 4 * deviation).all()


def test_without_label_noise_there_is_no_prediction(tiny):
    tiny["figures"] = {}
    tiny["experiments"]["first"].update(measure={"lasso_distance": None}, claims={})
    plan = Plan(tiny)
    spec = {**plan.experiments.run("first", "small"), "replicates": [0, 2]}
    problem = generate(spec)
    told = {**spec, "measure": dumped(plan.config.experiments["first"].measure)}
    table = measure(problem, train(problem, spec), told)
    names = [name for name in table if name.startswith("predicted_")]
    names += ["noise_level", "mean_lasso_error", "log_off_lasso_support"]
    assert table[names].isna().all(axis=None)
    assert table[["lasso_distance", "mean_lasso_penalty", "support_recall"]].notna().all(axis=None)


def test_diverged_is_nan(tiny):
    spec, measured = noisy(tiny)
    problem = generate(spec)
    trajectory = train(problem, spec)
    trajectory.parameters[1, 6:] = np.nan
    trajectory.parameters[1, 5] = 1e90
    trajectory = dataclasses.replace(trajectory, diverged_at=np.array([-1, 6, -1]))
    table = measure(problem, trajectory, measured)
    names = lasso_distance.columns(lasso_distance.Spec())
    names = [name for name in names if not name.startswith("predicted_") and name != "noise_level"]
    lost = table[(table["replicate"] == 1) & (table["iteration"] >= trajectory.iterations[5])]
    assert lost[names].isna().all(axis=None)
    assert table[table["replicate"] == 2]["lasso_distance"].notna().all()


def test_only_diagonal_networks_have_it(tiny):
    first = tiny["experiments"]["first"]
    first.pop("claims")
    first["measure"] = {"lasso_distance": None}
    first["model"] = {
        "kind": "mlp",
        "widths": [3],
        "biases": [True, True],
        "weight_scales": [1.0, 1.0],
    }
    tiny["figures"] = {}
    with pytest.raises(ConfigError) as error:
        config.load(tiny)
    (line,) = str(error.value).splitlines()
    assert line.startswith("experiments.first.measure.lasso_distance: unknown measure")


@pytest.mark.parametrize("shape", [(3, 8), (8, 5), (12, 1)])
def test_the_path_ends_at_a_millionth_of_the_penalty_it_begins_with(shape):
    x, y = make_data(*shape, 0)
    # Labels for which it begins at 1: how far LARS goes is a matter of absolute rounding too.
    path = LassoPath(x, y / LassoPath(x, y).penalties[0])
    assert path.penalties[0] == pytest.approx(1)
    assert path.penalties[-1] == pytest.approx(1e-6)
