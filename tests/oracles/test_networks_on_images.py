"""Trajectories and measurements of a tiny network on digits against plain loops."""

import functools
from itertools import pairwise

import numpy as np
import pytest
from independent import images, schedules
from tiny_workflow import EXPERIMENTS, finished, runs

RUNS = [run for _, run in runs("images")]
REPLICATES = range(EXPERIMENTS["digits"]["replicates"])
# float32: sums of hundreds of products, in another order.
ROUNDING = 1e-5
OPTIONS = {"blocks": ["block2", "last"], "units": 30, "threshold": 0.9, "seed": 0}


@functools.cache
def trained(run, replicate):
    spec = finished().trajectory("digits", run).spec
    steps = schedules.step_sizes(spec["schedule"], spec["iterations"])
    return images.train(spec, replicate, steps)


@pytest.mark.parametrize("replicate", REPLICATES)
@pytest.mark.parametrize("run", RUNS)
def test_trajectories_are_those_of_plain_loops(run, replicate):
    trajectory = finished().trajectory("digits", run)
    spec = trajectory.spec
    visited, losses = trained(run, replicate)
    at = [*schedules.snapshots(spec["snapshots"], spec["iterations"]), spec["iterations"]]
    assert trajectory.iterations.tolist() == at
    assert (trajectory.diverged_at == -1).all()
    difference = np.abs(trajectory.parameters[replicate] - visited[at])
    assert difference.max() <= ROUNDING * np.abs(visited).max()
    np.testing.assert_allclose(trajectory.batch_loss[replicate], losses, rtol=ROUNDING)


@pytest.mark.parametrize("replicate", REPLICATES)
@pytest.mark.parametrize("run", RUNS)
def test_tables_hold_what_the_definitions_say(run, replicate):
    trajectory = finished().trajectory("digits", run)
    table = finished().measurements("digits", run)
    table = table[table["replicate"] == replicate].set_index("iteration")
    for t, vector in zip(trajectory.iterations, trajectory.parameters[replicate], strict=True):
        own = images.measured(trajectory.spec, replicate, vector, OPTIONS)
        for name, value in own.items():
            # Of float32 activations, whose zeros are those of float64 ones here.
            relative = ROUNDING if name.endswith("loss") else 1e-12
            assert table[name][t] == pytest.approx(value, rel=relative), name
    _check_means_and_steps(trajectory, table, replicate, set(own))


def _check_means_and_steps(trajectory, table, replicate, known):
    at, losses = trajectory.iterations.tolist(), trajectory.batch_loss[replicate].astype(float)
    means = [losses[a:b].mean() for a, b in pairwise(at)]
    # Behind the last snapshot there is no batch.
    np.testing.assert_allclose(table["batch_loss"], [*means, means[-1]], rtol=1e-12)
    spec = trajectory.spec
    steps = schedules.step_sizes(spec["schedule"], spec["iterations"])
    own = [steps[min(t, len(steps) - 1)] for t in at]
    np.testing.assert_allclose(table["step_size"], own, rtol=4e-16)
    assert set(table.columns) == {"replicate", "diverged_at", "batch_loss", "step_size"} | known


def test_batches_in_another_order_are_seen():
    spec = finished().trajectory("digits", "plain").spec
    other = {**spec, "problem": {**spec["problem"], "order_seed": 4}}
    steps = schedules.step_sizes(spec["schedule"], spec["iterations"])
    visited, _ = images.train(other, 0, steps)
    assert np.abs(visited - trained("plain", 0)[0]).max() > 100 * ROUNDING
