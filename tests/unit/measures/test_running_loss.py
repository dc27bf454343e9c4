"""The running loss against its definition, one window at a time."""

import numpy as np
import pytest

from sparsestep.artifacts.arrays import Trajectory
from sparsestep.measures import measure, running_loss
from sparsestep.plan import Plan
from sparsestep.problems import generate
from sparsestep.training import train


def measured(losses, snapshots, diverged_at=-1):
    """Columns of replicates with these losses, (R, T), by name."""
    count, snapshots = len(losses), np.array(snapshots)
    nothing = np.zeros((count, len(snapshots), 2))
    fate = np.full(count, diverged_at)
    trajectory = Trajectory(snapshots, nothing, nothing[..., 0], fate, {}, np.array(losses))
    return running_loss.measure(None, trajectory, None, running_loss.Spec(), 1)


def test_hand_computed():
    losses = [[1e9, 1e9, 1.0, 10.0, 100.0, 1e9, 1.0, 10.0, 1.0, 1.0]]
    found = measured(losses, [0, 1, 2, 4, 5, 6, 10])
    # Of t/2 <= tau < t: none, none, {1}, {2, 3}, {3, 4}, {3, 4, 5}, {5, ..., 9}.
    expected = [np.nan, np.nan, 1e9, 10**0.5, 10**1.5, 10**4, 10 ** (10 / 5)]
    assert found["running_loss"][0] == pytest.approx(expected, nan_ok=True)
    # Of 1, 2, 9 the slope is 4, over three iterations; fewer than three have none. Of 9, 0, 1, 0, 0
    # it is (-2 9 - 0) / 10, over five.
    expected = [np.nan] * 5 + [10 ** (4 * 3), 10 ** (-18 / 10 * 5)]
    assert found["running_change"][0] == pytest.approx(expected, nan_ok=True)


def test_slopes_are_those_of_polyfit():
    losses = np.random.default_rng(0).lognormal(sigma=3.0, size=(3, 101))
    found = measured(losses, [40, 77, 100])
    for column, t in enumerate((40, 77, 100)):
        start = -(-t // 2)
        logs = np.log10(losses[:, start:t])
        assert found["running_loss"][:, column] == pytest.approx(10 ** logs.mean(axis=1))
        slope = np.polyfit(np.arange(start, t), logs.T, 1)[0]
        assert found["running_change"][:, column] == pytest.approx(10 ** (slope * t / 2))


def test_a_loss_of_zero_has_a_mean_and_no_change():
    found = measured([[1.0] * 12, [1.0] * 11 + [0.0]], [12])
    assert found["running_loss"][:, 0].tolist() == [1.0, 0.0]
    assert found["running_change"][0, 0] == 1.0
    assert np.isnan(found["running_change"][1, 0])


def test_nothing_from_the_divergence_on():
    losses = [[1.0] * 8 + [np.nan] * 4]
    for values in measured(losses, [7, 8, 12], diverged_at=8).values():
        assert np.isnan(values[0]).tolist() == [False, True, True]


def test_it_is_about_the_loss_before_every_update(tiny):
    first = tiny["experiments"]["first"]
    first |= {"algorithm": {"kind": "sgd", "log_loss": True}, "measure": {"running_loss": None}}
    first |= {"snapshots": {"first": 60, "evenly_spaced": 7}, "claims": {}}
    del tiny["figures"]
    spec = {**Plan(tiny).experiments.run("first", "decay-50"), "replicates": [0, 2]}
    problem = generate(spec)
    # A snapshot an iteration, so that `train_loss` has what the log has.
    table = measure(
        problem, train(problem, spec), {**spec, "measure": {"losses": {}, "running_loss": {}}}
    )
    for _, rows in table.groupby("replicate"):
        losses = rows["train_loss"].to_numpy()
        at = rows.set_index("iteration")["running_loss"]
        assert at[41] == pytest.approx(np.exp(np.log(losses[21:41]).mean()), rel=1e-12)
