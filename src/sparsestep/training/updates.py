"""The updates of a compiled trainer on batches: which samples each takes, where it stops."""

import itertools
from collections.abc import Iterator

import numpy as np

from sparsestep.artifacts.arrays import Problem
from sparsestep.fields import Closed
from sparsestep.training.batches import Batches, LabelNoise

# Indices and noise that are drawn at a time: megabytes.
_BLOCK = 2**18


def stops(
    snapshots: np.ndarray, iterations: int, numbers: int
) -> Iterator[tuple[int, int, int | None]]:
    """(first, stop) of blocks of iterations, and the place of the snapshot before the first update.

    A block ends where a snapshot is, and takes no more than half a megabyte of `numbers` an update.
    """
    longest = max(1, _BLOCK // numbers)
    ends = np.union1d(snapshots, [*range(0, iterations, longest), iterations])
    places = {int(at): place for place, at in enumerate(snapshots)}
    for first, stop in itertools.pairwise(ends.tolist()):
        yield first, stop, places.get(first)


class _AllSamples:
    """All samples in their order, without noise: those of every update at once."""

    def __init__(self, problem: Problem):
        self.size = problem.x_train.shape[1]

    def take(self, first: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Indices, (1, n), which serve all updates, and no noise, (1, 0)."""
        return np.arange(self.size, dtype=np.int32)[None], np.empty((1, 0))


class _NoisySamples:
    """Batches of a replicate, and the noise on their labels."""

    def __init__(self, problem: Problem, options: Closed, row: int):
        self._batches = Batches(problem, options, row)
        self.size = options.batch_size
        self._noise = LabelNoise(problem, options, row) if options.label_noise > 0 else None

    def take(self, first: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Indices, (count, B), and noise, (count, B), or (count, 0) where there is none."""
        index = self._batches.take(first, count)
        noise = np.empty((count, 0)) if self._noise is None else self._noise.take(first, count)
        return index, noise


def samples_of(problem: Problem, options: Closed, row: int) -> _AllSamples | _NoisySamples:
    """The samples of the updates of a replicate: of `momentum_gd` all, of `batch_sgd` batches."""
    if options.kind == "momentum_gd":
        return _AllSamples(problem)
    return _NoisySamples(problem, options, row)
