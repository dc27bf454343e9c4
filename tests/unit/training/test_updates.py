"""Updates of compiled trainers on batches: where they stop, what samples and noise they take."""

import numpy as np
import pytest

from sparsestep import algorithms
from sparsestep.training import updates
from sparsestep.training.batches import Batches, LabelNoise
from support.descents import MODELS, make_problem


@pytest.mark.parametrize(
    ("longest", "expected"),
    [
        # Blocks end where snapshots are.
        (100, [(0, 5, 0), (5, 12, 1), (12, 20, 2)]),
        # And at multiples of what is drawn at a time, whatever lies between.
        (8, [(0, 5, 0), (5, 8, 1), (8, 12, None), (12, 16, 2), (16, 20, None)]),
        (1, [(at, at + 1, {0: 0, 5: 1, 12: 2}.get(at)) for at in range(20)]),
    ],
)
def test_blocks_end_at_snapshots_and_where_they_are_full(longest, expected):
    assert list(updates.stops(np.array([0, 5, 12]), 20, longest)) == expected


@pytest.fixture(scope="module")
def problem():
    return make_problem(MODELS["diagonal"], 7, 2, 3, 40, seed=5)


@pytest.mark.parametrize("noise", [0.0, 0.25, 2.0])
@pytest.mark.parametrize("row", [0, 2])
def test_batches_of_a_replicate_with_noise_of_any_size(problem, noise, row):
    options = {"kind": "batch_sgd", "batch_size": 3, "label_noise": noise}
    spec = algorithms.from_spec(options)
    samples = updates.samples_of(problem, spec, row)
    assert samples.size == 3
    batches = Batches(problem, spec, row).take(0, 40)
    zeta = LabelNoise(problem, spec, row).take(0, 40)[:, : 3 if noise else 0]
    for first, count in ((0, 7), (7, 20)):
        index, found = samples.take(first, count)
        np.testing.assert_array_equal(index, batches[first : first + count])
        np.testing.assert_array_equal(found, zeta[first : first + count])


def test_all_samples_serve_every_update_without_noise(problem):
    spec = algorithms.from_spec({"kind": "momentum_gd", "momentum": 0.9})
    samples = updates.samples_of(problem, spec, 1)
    index, noise = samples.take(5, 9)
    assert (samples.size, index.tolist(), noise.shape) == (7, [list(range(7))], (1, 0))


@pytest.mark.parametrize(("block", "longest"), [(2**18, 2**18 // 6), (48, 8), (1, 1)])
def test_pieces_of_blocks_are_what_each_replicate_takes(problem, block, longest, monkeypatch):
    monkeypatch.setattr(updates, "_BLOCK", block)
    options = {"kind": "batch_sgd", "batch_size": 3, "label_noise": 0.5}
    spec = algorithms.from_spec(options)
    alone = [updates.samples_of(problem, spec, row).take(0, 40) for row in (0, 2)]
    drawn = updates.Drawn([updates.samples_of(problem, spec, row) for row in (0, 2)], 40)
    assert (drawn.size, drawn.longest) == (3, longest)
    for first, stop, _ in updates.stops(np.array([0, 5, 12]), 40, drawn.longest):
        for found, whole in zip(drawn.take(first, stop), zip(*alone, strict=True), strict=True):
            np.testing.assert_array_equal(found, np.stack(whole, axis=1)[first:stop])
