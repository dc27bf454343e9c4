"""The updates of a compiled trainer on batches: which samples each takes, where it stops."""

import itertools
from collections.abc import Iterator

import numpy as np

from sparsestep.artifacts.arrays import Problem
from sparsestep.fields import Closed
from sparsestep.training import resumption
from sparsestep.training.batches import Batches, LabelNoise

# Samples that are drawn at a time, of replicates side by side: megabytes.
_BLOCK = 2**18


def stops(
    snapshots: np.ndarray, iterations: int, longest: int
) -> Iterator[tuple[int, int, int | None]]:
    """(first, stop) of updates that are made at once, and the place of the snapshot before them.

    They end where a snapshot is, and at multiples of `longest`.
    """
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

    def go_on(self, order: np.ndarray, start: int) -> None:
        """They are the same from any update on."""


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

    def go_on(self, order: np.ndarray, start: int) -> None:
        """Take from now on as of an order that begins at update `start` of the run."""
        self._batches.go_on(order, start)
        if self._noise is not None:
            self._noise.go_on(start)


Samples = _AllSamples | _NoisySamples


def samples_of(problem: Problem, options: Closed, row: int) -> Samples:
    """The samples of the updates of a replicate: of `momentum_gd` all, of `batch_sgd` batches."""
    if options.kind == "momentum_gd":
        return _AllSamples(problem)
    return _NoisySamples(problem, options, row)


class Drawn:
    """Samples of the updates of replicates side by side, drawn a block at a time.

    Attributes:
        size: of a batch.
        longest: updates in a block.
    """

    def __init__(self, samples: list[Samples], iterations: int):
        self._samples = samples
        self._iterations = iterations
        self.size = samples[0].size
        self.longest = max(1, _BLOCK // (self.size * len(samples)))
        self._first = -self.longest
        self._block: tuple[np.ndarray, ...] = ()

    def take(self, first: int, stop: int) -> tuple[np.ndarray, ...]:
        """Indices, (stop - first or 1, R, B), and noise on the labels, the same or without B.

        From updates of one block, which begins at a multiple of `longest`. Snapshots cut it into
        pieces too short to be drawn one by one.
        """
        if first >= self._first + self.longest:
            self._first = first - first % self.longest
            count = min(self.longest, self._iterations - self._first)
            drawn = [of.take(self._first, count) for of in self._samples]
            self._block = tuple(np.stack(part, axis=1) for part in zip(*drawn, strict=True))
        here = slice(first - self._first, stop - self._first)
        return tuple(part[here] if len(part) > 1 else part for part in self._block)


class Continued:
    """Samples and velocities of replicates whose training may begin where another one ended.

    Attributes:
        samples: of each replicate.
        velocity: (R, P), float64, zero at the start of a run; None without momentum.
    """

    def __init__(self, problem: Problem, options: Closed):
        before = resumption.progress_of(problem)
        replicates = range(len(problem.order))
        self._is_logged = getattr(options, "log_loss", False)
        self._update = before.update
        self.samples: list[Samples] = before.draws or [
            samples_of(problem, options, row) for row in replicates
        ]
        for row in replicates:
            self.samples[row].go_on(problem.order[row], before.update)
        self.velocity: np.ndarray | None = None
        if options.momentum > 0:
            shape = (len(replicates), problem.theta0.shape[-1])
            self.velocity = np.zeros(shape) if before.velocity is None else before.velocity.copy()

    def carried(self, parameters: np.ndarray, snapshots: np.ndarray) -> np.ndarray:
        """The parameters, from whose last snapshot one may go on if losses are kept."""
        if not self._is_logged:
            return parameters
        last = self._update + int(snapshots[-1])
        progress = resumption.Progress(last, self.velocity, self.samples)
        return resumption.carrying(parameters, progress)
