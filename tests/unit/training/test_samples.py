"""Batches of the general path: which samples they hold."""

import numpy as np
import pytest
import torch

from sparsestep import algorithms, problems
from sparsestep.training import samples
from sparsestep.training.samples import Samples

CPU = torch.device("cpu")
STEPS = 500
SPEC = {
    "problem": {
        "kind": "given_data",
        "x": [[float(i)] for i in range(5)],
        "y": [float(10 * i) for i in range(5)],
        "order_seed": 3,
        "data_seed": 0,
        "init_seed": 0,
        "vary": ["order"],
    },
    "model": {"kind": "mlp", "widths": [2], "biases": [True] * 2, "weight_scales": [1.0] * 2},
    "iterations": STEPS,
    "replicates": [2, 4],
}


def batches(size, keep=None):
    """Inputs of every batch, (T, R, m): with `keep`, of these replicates from 100 on."""
    problem = problems.generate(SPEC)
    of = Samples(problem, algorithms.from_spec({"kind": "adam", "batch_size": size}), CPU)
    found = []
    for t in range(STEPS):
        x, y = of.at(t)
        np.testing.assert_array_equal(10 * x[..., 0], y)
        found.append(x[..., 0].numpy())
        if keep is not None and t == 99:
            of.keep(torch.tensor(keep))
            found[99] = of.at(t)[0][..., 0].numpy()
    return problem, found


@pytest.mark.parametrize("size", [1, 4])
def test_the_first_is_of_the_problems_order(size):
    problem, found = batches(size)
    assert np.array(found).shape == (STEPS, 3, size)
    np.testing.assert_array_equal(np.array(found)[:, :, 0], problem.order.T)


def test_the_others_are_uniform_and_of_their_own():
    _, found = batches(4)
    others = np.array(found)[:, :, 1:]
    counts = np.array([(others == i).sum() for i in range(5)])
    # 4500 draws: a standard deviation is 27.
    assert np.abs(counts - 900).max() < 5 * 27
    assert not np.array_equal(others[:, 0], others[:, 1])
    assert not np.array_equal(others[:, :, 0], others[:, :, 1])


def test_neither_blocks_nor_other_replicates_change_them(monkeypatch):
    _, found = batches(4)
    monkeypatch.setattr(samples, "_BLOCK", 3 * 4 * 7)
    _, again = batches(4)
    np.testing.assert_array_equal(found, again)
    _, kept = batches(4, keep=[0, 2])
    np.testing.assert_array_equal(np.array(kept[99:]), np.array(found)[99:, [0, 2]])


def test_all_is_every_sample_once():
    problem, found = batches("all")
    for batch in found:
        np.testing.assert_array_equal(batch, problem.x_train[..., 0])
