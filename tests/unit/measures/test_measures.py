"""Measurements against their definitions, one snapshot and one sample at a time."""

import dataclasses

import numpy as np
import oracles
import pytest

from sparsestep.measures import measure
from sparsestep.measures.columns import at_threshold
from sparsestep.plan import Plan
from sparsestep.plan.blocks import dumped
from sparsestep.problems import generate
from sparsestep.training import train


@pytest.fixture
def spec(tiny):
    plan = Plan(tiny)
    run = {**plan.experiments.run("first", "decay-50"), "replicates": [0, 2]}
    return {**run, "measure": dumped(plan.config.experiments["first"].measure)}


@pytest.fixture
def problem(spec):
    return generate(spec)


@pytest.fixture
def trajectory(problem, spec):
    return train(problem, spec)


def rows(table, trajectory):
    """(row of the table, parameters, row of the batch) of every snapshot of every replicate."""
    for r, parameters in enumerate(trajectory.parameters):
        for t, theta in zip(trajectory.iterations, parameters, strict=True):
            row = table[(table["replicate"] == r) & (table["iteration"] == t)]
            assert len(row) == 1
            yield row.iloc[0], theta, r


def test_losses_are_half_mean_squares(problem, trajectory, spec):
    table = measure(problem, trajectory, spec)
    for row, theta, r in rows(table, trajectory):
        for name in ("train", "test"):
            x, y = (problem.of_replicate(f"{part}_{name}", r) for part in "xy")
            errors = [
                (np.dot(theta[:8] * theta[8:], x_i) - y_i) ** 2
                for x_i, y_i in zip(x, y, strict=True)
            ]
            assert row[f"{name}_loss"] == pytest.approx(sum(errors) / (2 * len(y)), rel=1e-12)


def test_jacobian_rank_is_that_of_the_jacobian(problem, trajectory, spec):
    table = measure(problem, trajectory, spec)
    for row, theta, r in rows(table, trajectory):
        # 2d = 16 fresh samples, as many as parameters.
        phi = oracles.diagonal_jacobian(theta, problem.of_replicate("x_test", r)[:16])
        assert row["jacobian_rank@1e-6"] == oracles.rank(phi, 1e-6)
        assert row["jacobian_rank"] == oracles.rank(phi, 1e-15)


@pytest.mark.parametrize("n_test", [30, 11])
def test_jacobian_rank_is_about_as_many_test_points_as_parameters(tiny, spec, n_test):
    # Full rank is reached with half of them; where a value ends to count, the number shows.
    tiny["experiments"]["first"]["problem"]["n_test"] = n_test
    spec["problem"] = Plan(tiny).experiments.problem("first")["problem"]
    thresholds = [round(0.05 * k, 2) for k in range(1, 15)]
    spec["measure"] = {"jacobian_rank": {"further_thresholds": thresholds}}
    problem = generate(spec)
    trajectory = train(problem, spec)
    table = measure(problem, trajectory, spec)
    by_points = {points: 0 for points in (8, 16, 30)}
    for row, theta, r in rows(table, trajectory):
        phi = oracles.diagonal_jacobian(theta, problem.of_replicate("x_test", r))
        for threshold in thresholds:
            for points in by_points:
                expected = oracles.rank(phi[:points], threshold)
                by_points[points] += row[f"jacobian_rank@{threshold}"] != expected
    assert by_points.pop(16) == 0
    # What else it could be about would have other ranks.
    assert by_points[8] > 0
    assert (by_points[30] > 0) == (n_test > 16)


def test_sparse_recovery(problem, trajectory, spec):
    spec["measure"]["sparse_recovery"]["l0_threshold"] = 1e-3
    table = measure(problem, trajectory, spec)
    counts = set()
    for row, theta, r in rows(table, trajectory):
        beta = theta[:8] * theta[8:]
        truth = problem.of_replicate("beta_star", r)
        assert row["l0"] == sum(abs(b) > 1e-3 for b in beta)
        assert row["beta_error"] == pytest.approx(np.sqrt(np.sum((beta - truth) ** 2)))
        if np.any(beta):
            share = np.abs(beta[2:]).sum() / np.abs(beta).sum()
            assert row["off_support_share"] == pytest.approx(share)
        else:
            assert np.isnan(row["off_support_share"])
        counts.add(row["l0"])
    assert len(counts) > 1


def test_a_weight_at_the_threshold_is_zero(problem, trajectory, spec):
    # u = v = 1/2, so that beta is 1/4 exactly.
    trajectory.parameters[:] = 0.5
    for threshold, count in ((0.25, 0), (np.nextafter(0.25, 0), 8)):
        spec["measure"]["sparse_recovery"]["l0_threshold"] = threshold
        assert set(measure(problem, trajectory, spec)["l0"]) == {count}


def test_step_size_is_that_of_the_next_update(problem, trajectory, spec):
    table = measure(problem, trajectory, spec).query("replicate == 0")
    expected = [0.05 if t <= 30 else 0.025 for t in table["iteration"]]
    np.testing.assert_array_equal(table["step_size"], expected)


def test_diverged_rows_are_nan(problem, spec):
    spec["schedule"] = {"kind": "constant", "step_size": 30.0}
    trajectory = train(problem, spec)
    table = measure(problem, trajectory, spec)
    assert (trajectory.diverged_at >= 0).all()
    for row, _, r in rows(table, trajectory):
        assert row["diverged_at"] == trajectory.diverged_at[r]
        if row["iteration"] >= row["diverged_at"]:
            metrics = ["train_loss", "l0", "jacobian_rank", "beta_error", "off_support_share"]
            assert row[metrics].isna().all()
    assert table["train_loss"].isna().any()


def test_replicates_are_numbered_from_the_batch(problem, trajectory, spec):
    table = measure(problem, trajectory, {**spec, "replicates": [16, 18]})
    assert sorted(table["replicate"].unique()) == [16, 17, 18]


def test_same_table_whatever_the_threads(problem, trajectory, spec):
    one, three = (measure(problem, trajectory, spec, threads) for threads in (1, 3))
    assert one.equals(three)


def test_data_of_its_own_for_each_replicate(tiny, spec):
    tiny["experiments"]["first"]["problem"]["vary"] = ["data", "order"]
    spec["problem"] = Plan(tiny).experiments.problem("first")["problem"]
    problem = generate(spec)
    assert len(problem.x_train) == 3
    trajectory = train(problem, spec)
    table = measure(problem, trajectory, spec)
    for r in range(3):
        names = ("x_train", "y_train", "x_test", "y_test", "order")
        own = {name: getattr(problem, name)[r : r + 1] for name in names}
        truth = {name: array[r : r + 1] for name, array in problem.truth.items()}
        alone = dataclasses.replace(problem, **own, truth=truth)
        expected = measure(alone, train(alone, spec), {**spec, "replicates": [r, r]})
        got = table[table["replicate"] == r].reset_index(drop=True)
        assert got.equals(expected)


@pytest.mark.parametrize(
    ("threshold", "name"),
    [
        (1e-10, "q@1e-10"),
        (1e-6, "q@1e-6"),
        (2.5e-7, "q@2.5e-7"),
        (9.9e-4, "q@9.9e-4"),
        (1e-3, "q@0.001"),
        (0.95, "q@0.95"),
        (0.1, "q@0.1"),
    ],
)
def test_names_at_thresholds(threshold, name):
    assert at_threshold("q", threshold) == name
