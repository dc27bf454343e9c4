"""Index sets: which samples each update takes, and the noise on their labels.

With replacement, sample 0 of an update is that of the problem's order: so batches of one are those
of plain SGD. Sample b >= 1 comes from a stream of its own, uniform over the n samples. A batch
therefore holds those of all smaller sizes (common random numbers): runs of an experiment differ in
what the further samples add, not in what they were given.

In epochs, each epoch is a permutation of all samples, cut into batches one after another; what is
left over at its end and is less than a batch is left out, as with `drop_last` in torch. Epoch e has
the same permutation at all batch sizes.

The noise of sample b of an update has a stream of its own too, at any sampling. Streams follow from
the seed of the replicate's order (`seeds.py`), and so differ where orders do.
"""

from collections.abc import Callable

import numpy as np

from sparsestep import replicate_seeds
from sparsestep.artifacts.arrays import Problem
from sparsestep.errors import SparsestepError

# Last words of the seeds (seeds.py).
_SAMPLES, _EPOCHS, _NOISE = 7, 8, 9
# Numbers drawn at a time: what stays in a core's cache.
_CHUNK = 2**15


class Batches:
    """Index sets of the replicate in `row`, from `batch_size` and `sampling` of `options`.

    `start` is the update that the first one of `problem.order` is, where that is cut out of a
    longer one. Read in order, memory stays bounded; going back begins anew.
    """

    def __init__(self, problem: Problem, options, row: int, start: int = 0):
        self._order = problem.order[row]
        self._size = options.batch_size
        self._samples = problem.y_train.shape[-1]
        self._start = start
        seed = replicate_seeds.seed_of(problem, row, "order")
        if options.sampling == "epochs":
            self._turns = self._samples // self._size
            if self._turns == 0:
                raise SparsestepError(
                    f"batch_size: got {self._size}, more than the {self._samples} training samples "
                    "that an epoch has once each; give fewer, or sampling: replacement"
                )
            self._drawn = _Rows([[seed, 0, _EPOCHS]], self._permutations, self._samples)
        else:
            words = [[seed, b, _SAMPLES] for b in range(1, self._size)]
            self._turns = 0
            self._drawn = _Rows(words, self._uniform, self._size - 1)

    def go_on(self, order: np.ndarray, start: int) -> None:
        """Read from now on as of an order that begins at update `start` of the run."""
        self._order, self._start = order, start

    def take(self, first: int, count: int) -> np.ndarray:
        """Samples of the updates first, ..., first + count - 1, (count, B), int32.

        Updates are counted as in `problem.order`.
        """
        at = self._start + first
        if self._turns:
            return self._of_epochs(at, count)
        drawn = self._drawn.take(at, count)
        return np.concatenate([self._order[first : first + count, None], drawn], axis=1)

    def _of_epochs(self, at: int, count: int) -> np.ndarray:
        epoch, last = at // self._turns, (at + count - 1) // self._turns
        permutations = self._drawn.take(epoch, last - epoch + 1)
        batches = permutations[:, : self._turns * self._size].reshape(-1, self._size)
        return batches[at - epoch * self._turns :][:count]

    def _permutations(self, streams: list[np.random.Generator], count: int) -> np.ndarray:
        ordered = np.broadcast_to(np.arange(self._samples, dtype=np.int32), (count, self._samples))
        return streams[0].permuted(ordered, axis=1)

    def _uniform(self, streams: list[np.random.Generator], count: int) -> np.ndarray:
        drawn = np.empty((count, len(streams)), np.int32)
        for column, stream in enumerate(streams):
            drawn[:, column] = stream.integers(self._samples, size=count, dtype=np.int32)
        return drawn


class LabelNoise:
    """zeta, `label_noise` of `options` times independent N(0, 1), of the replicate in `row`."""

    def __init__(self, problem: Problem, options, row: int, start: int = 0):
        seed = replicate_seeds.seed_of(problem, row, "order")
        self._size, self._scale, self._start = options.batch_size, options.label_noise, start
        words = [[seed, b, _NOISE] for b in range(self._size)]
        self._drawn = _Rows(words, self._normal, self._size)

    def go_on(self, start: int) -> None:
        """Read from now on as of an order that begins at update `start` of the run."""
        self._start = start

    def take(self, first: int, count: int) -> np.ndarray:
        """zeta of the samples of the updates first, ..., first + count - 1, (count, B), float64."""
        return self._scale * self._drawn.take(self._start + first, count)

    def _normal(self, streams: list[np.random.Generator], count: int) -> np.ndarray:
        drawn = np.empty((count, self._size))
        for column, stream in enumerate(streams):
            drawn[:, column] = stream.standard_normal(count)
        return drawn


class _Rows:
    """Rows of numbers from random streams, one after the other; the last ones are kept."""

    def __init__(
        self,
        words: list[list[int]],
        draw: Callable[[list[np.random.Generator], int], np.ndarray],
        width: int,
    ):
        self._words, self._draw = words, draw
        self._longest = max(1, _CHUNK // max(1, width))
        self._restart()

    def _restart(self) -> None:
        self._streams = [
            np.random.Generator(np.random.SFC64(np.random.SeedSequence(words)))
            for words in self._words
        ]
        self._first, self._kept = 0, self._draw(self._streams, 0)

    def take(self, first: int, count: int) -> np.ndarray:
        """Rows first, ..., first + count - 1."""
        if first < self._first:
            self._restart()
        while (end := self._first + len(self._kept)) < first + count:
            # What was read last may be asked for again: a run is continued from its last update.
            kept = self._kept[max(0, min(first, end) - self._first) :]
            self._first = end - len(kept)
            self._kept = np.concatenate([kept, self._draw(self._streams, self._longest)])
        return self._kept[first - self._first :][:count]
