"""Batches of the general path: which samples they hold."""

import numpy as np
import pytest
import torch

from sparsestep import algorithms, problems
from sparsestep.errors import SparsestepError
from sparsestep.training import samples
from sparsestep.training.batches import Batches, LabelNoise
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


def batches(size, keep=None, **options):
    """Inputs of every batch, (T, R, m): with `keep`, of these replicates from 100 on."""
    problem = problems.generate(SPEC)
    of = Samples(
        problem, algorithms.from_spec({"kind": "adam", "batch_size": size, **options}), CPU
    )
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


@pytest.mark.parametrize("kind", ["gd", "momentum_gd"])
def test_descent_on_all_samples_takes_all(kind):
    problem = problems.generate(SPEC)
    options = {"momentum": 0.9} if kind == "momentum_gd" else {}
    x, y = Samples(problem, algorithms.from_spec({"kind": kind, **options}), CPU).at(3)
    np.testing.assert_array_equal(x, problem.x_train)
    np.testing.assert_array_equal(y, problem.y_train)


def test_they_are_those_of_sgd_with_the_same_options():
    problem = problems.generate(SPEC)
    for options in ({"batch_size": 3}, {"batch_size": 2, "sampling": "epochs"}):
        _, found = batches(options.pop("batch_size"), **options)
        size = np.array(found).shape[2]
        spec = algorithms.from_spec({"kind": "batch_sgd", "batch_size": size, **options})
        of_last = Batches(problem, spec, 2).take(0, STEPS)
        np.testing.assert_array_equal(np.array(found)[:, 2], problem.x_train[0, of_last, 0])


def test_noise_is_added_to_labels():
    problem = problems.generate(SPEC)
    options = {"kind": "batch_sgd", "batch_size": 2, "label_noise": 0.5}
    spec = algorithms.from_spec(options)
    of = Samples(problem, spec, CPU)
    noise = LabelNoise(problem, spec, 1).take(0, 3)
    for t in range(3):
        x, y = of.at(t)
        np.testing.assert_allclose((y - 10 * x[..., 0])[1], noise[t], rtol=0, atol=1e-13)


def test_noise_goes_on_behind_a_block_and_with_fewer_replicates(monkeypatch):
    monkeypatch.setattr(samples, "_BLOCK", 3 * 2 * 7)
    problem = problems.generate(SPEC)
    options = {"kind": "batch_sgd", "batch_size": 2, "label_noise": 0.5}
    spec = algorithms.from_spec(options)
    of = Samples(problem, spec, CPU)
    noise = np.stack([LabelNoise(problem, spec, row).take(0, 40) for row in range(3)], axis=1)
    rows = [0, 1, 2]
    for t in range(40):
        if t == 17:
            rows = [0, 2]
            of.keep(torch.tensor(rows))
        x, y = of.at(t)
        np.testing.assert_allclose(y - 10 * x[..., 0], noise[t, rows], rtol=0, atol=1e-13)


@pytest.mark.parametrize("size", [1, 5])
def test_epochs_of_single_samples_and_of_all(size):
    problem, found = batches(size, sampling="epochs")
    spec = algorithms.from_spec({"kind": "batch_sgd", "batch_size": size, "sampling": "epochs"})
    for row in range(3):
        expected = problem.x_train[0, Batches(problem, spec, row).take(0, STEPS), 0]
        np.testing.assert_array_equal(np.array(found)[:, row], expected)
    # An epoch has each sample once.
    first = np.array(found)[: 5 // size, 0].ravel()
    assert sorted(first) == [0, 1, 2, 3, 4]


def test_batches_of_more_than_all_samples_are_told():
    with pytest.raises(SparsestepError, match="got 6; in epochs it must be at most 5, the samples"):
        batches(6, sampling="epochs")
