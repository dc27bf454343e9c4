"""Index sets: nested in the batch size, epochs, the same however they are read."""

import dataclasses
import itertools

import numpy as np
import pytest

from sparsestep.algorithms.batch_sgd import Spec
from sparsestep.errors import SparsestepError
from sparsestep.training.batches import Batches, LabelNoise
from support.descents import MODELS, make_problem

SAMPLES, UPDATES = 7, 40


@pytest.fixture(scope="module")
def problem():
    return make_problem(MODELS["diagonal"], SAMPLES, 2, 2, UPDATES, seed=5)


def options(size, sampling="replacement", noise=0.5):
    return Spec(kind="batch_sgd", batch_size=size, sampling=sampling, label_noise=noise)


def taken(problem, size, sampling="replacement", row=0, of=Batches):
    return of(problem, options(size, sampling), row).take(0, UPDATES)


@pytest.mark.parametrize("row", [0, 1])
def test_a_batch_with_replacement_holds_those_of_smaller_sizes(problem, row):
    large = taken(problem, 9, row=row)
    assert large.dtype == np.int32
    for size in (1, 2, 8):
        np.testing.assert_array_equal(taken(problem, size, row=row), large[:, :size])
    np.testing.assert_array_equal(large[:, 0], problem.order[row])
    # Columns are streams of their own.
    assert all((a != b).any() for a, b in itertools.combinations(large.T, 2))


def test_samples_with_replacement_are_uniform():
    problem = make_problem(MODELS["diagonal"], SAMPLES, 2, 1, 20_000)
    drawn = Batches(problem, options(3), 0).take(0, 20_000)[:, 1:]
    shares = np.bincount(drawn.ravel(), minlength=SAMPLES) / drawn.size
    # Five standard deviations.
    allowed = 5 * np.sqrt(1 / SAMPLES * (1 - 1 / SAMPLES) / drawn.size)
    assert np.abs(shares - 1 / SAMPLES).max() < allowed


def test_streams_are_those_of_the_documented_seeds(problem):
    def stream(*words):
        return np.random.Generator(np.random.SFC64(np.random.SeedSequence(words)))

    third = stream(5, 2, 7).integers(SAMPLES, size=UPDATES, dtype=np.int32)
    np.testing.assert_array_equal(taken(problem, 4)[:, 2], third)
    first = stream(5, 0, 8).permutation(np.arange(SAMPLES, dtype=np.int32))
    np.testing.assert_array_equal(taken(problem, 3, "epochs")[:2].ravel(), first[:6])
    noise = 0.5 * stream(5, 1, 9).standard_normal(UPDATES)
    np.testing.assert_array_equal(taken(problem, 2, of=LabelNoise)[:, 1], noise)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
def test_an_epoch_takes_each_sample_at_most_once_and_all_but_less_than_a_batch(problem, size):
    batches = taken(problem, size, "epochs")
    turns = SAMPLES // size
    for first in range(0, UPDATES - turns + 1, turns):
        epoch = batches[first : first + turns].ravel()
        assert len(np.unique(epoch)) == len(epoch) == turns * size > SAMPLES - size


def test_epochs_have_the_same_permutations_at_all_sizes(problem):
    ones = taken(problem, 1, "epochs")[: SAMPLES * 5].reshape(5, SAMPLES)
    pairs = taken(problem, 2, "epochs")[:15].reshape(5, 6)
    np.testing.assert_array_equal(pairs, ones[:, :6])
    assert (ones[0] != ones[1]).any()


@pytest.mark.parametrize("of", [Batches, LabelNoise])
@pytest.mark.parametrize("sampling", ["replacement", "epochs"])
@pytest.mark.parametrize("size", [1, 3])
def test_how_they_are_read_does_not_matter(problem, of, sampling, size, monkeypatch):
    whole = taken(problem, size, sampling, of=of)
    monkeypatch.setattr("sparsestep.training.batches._CHUNK", 16)
    read = of(problem, options(size, sampling), 0)
    for first, count in ((0, 5), (4, 9), (13, 1), (30, 10), (29, 3), (2, 7)):
        np.testing.assert_array_equal(read.take(first, count), whole[first : first + count])


@pytest.mark.parametrize("of", [Batches, LabelNoise])
@pytest.mark.parametrize("sampling", ["replacement", "epochs"])
def test_a_cut_order_goes_on_where_it_was_cut(problem, of, sampling):
    whole = taken(problem, 3, sampling, row=1, of=of)
    cut = dataclasses.replace(problem, order=problem.order[:, 11:30])
    rest = of(cut, options(3, sampling), 1, start=11)
    np.testing.assert_array_equal(rest.take(2, 9), whole[13:22])


def test_noise_is_nested_and_of_its_size(problem):
    large = taken(problem, 6, of=LabelNoise)
    np.testing.assert_array_equal(taken(problem, 2, of=LabelNoise), large[:, :2])
    fine = LabelNoise(problem, options(1, noise=0.25), 0).take(0, UPDATES)
    np.testing.assert_array_equal(2 * fine, large[:, :1])


def test_replicates_with_an_order_of_their_own_have_other_draws(problem):
    for of in (Batches, LabelNoise):
        for sampling in ("replacement", "epochs"):
            mine, other = (taken(problem, 3, sampling, row, of) for row in (0, 1))
            assert (mine[:, 1:] != other[:, 1:]).any()


def test_an_epoch_without_a_whole_batch_is_refused(problem):
    line = "batch_size: got 8, more than the 7 training samples that an epoch has once each; "
    with pytest.raises(SparsestepError, match=line):
        Batches(problem, options(SAMPLES + 1, "epochs"), 0)
