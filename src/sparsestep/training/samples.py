"""The samples of every update, of many replicates at once, for torch."""

import numpy as np
import torch
from torch import Tensor

from sparsestep import replicate_seeds
from sparsestep.artifacts.arrays import Problem
from sparsestep.fields import Closed

# Numbers that are looked up at a time: a few megabytes.
_BLOCK = 2**18
# The streams of other random numbers have other ones (seeds.py).
_STREAM = 8


class Samples:
    """Inputs and labels of the batches: all samples, or `batch_size` that are drawn.

    The first sample of a batch is the one of the problem's order, so that batches of one are those
    of SGD. The others are drawn uniformly and with replacement, from a stream of the replicate,
    SeedSequence([seed of its order, 8]), that is read in order.
    """

    def __init__(self, problem: Problem, options: Closed, device: torch.device):
        self._x = torch.tensor(problem.x_train, device=device)
        self._y = torch.tensor(problem.y_train, device=device)
        size = "all" if options.kind == "gd" else getattr(options, "batch_size", 1)
        self._all = size == "all"
        if self._all:
            return
        self._order, self._size = problem.order, size
        self._going = np.arange(len(problem.order))
        self._streams = [_stream(problem, row) for row in self._going] if size > 1 else []
        self._first, self._stop = 0, 0
        self._block: tuple[Tensor, Tensor] | None = None

    def at(self, t: int) -> tuple[Tensor, Tensor]:
        """Inputs, (R or 1, m, d), and labels, (R or 1, m), of the update of iteration t.

        Iterations are asked for in order, from 0 on; the last one may be asked for again.
        """
        if self._all:
            return self._x, self._y
        if t == self._stop:
            self._look_up(t)
        x, y = self._block
        return x[t - self._first], y[t - self._first]

    def keep(self, rows: Tensor) -> None:
        """Go on with these replicates alone."""
        self._x, self._y = (a[rows] if len(a) > 1 else a for a in (self._x, self._y))
        if not self._all:
            self._going = self._going[rows.cpu().numpy()]
            self._block = tuple(part[:, rows] for part in self._block)

    def _look_up(self, first: int) -> None:
        """Inputs and labels of the next iterations, (count, R, m, d) and (count, R, m)."""
        numbers = len(self._going) * self._size * self._x.shape[-1]
        stop = min(first + max(1, _BLOCK // numbers), self._order.shape[1])
        self._first, self._stop = first, stop
        samples = self._x.shape[1]
        of_rows = [self._drawn(row, first, stop, samples) for row in self._going]
        index = torch.tensor(np.stack(of_rows, axis=1), device=self._x.device)
        rows = torch.arange(len(self._going), device=index.device)[:, None]
        self._block = tuple(
            a[rows if len(a) > 1 else torch.zeros_like(rows), index] for a in (self._x, self._y)
        )

    def _drawn(self, row: int, first: int, stop: int, samples: int) -> np.ndarray:
        """Samples of a replicate's batches, (count, batch_size), int64."""
        ordered = self._order[row, first:stop, None].astype(np.int64)
        if self._size == 1:
            return ordered
        # Not `integers`, whose draws depend on how many are asked for at a time.
        uniform = self._streams[row].random((stop - first, self._size - 1))
        return np.concatenate([ordered, (samples * uniform).astype(np.int64)], axis=1)


def _stream(problem: Problem, row: int) -> np.random.Generator:
    seed = np.random.SeedSequence([replicate_seeds.seed_of(problem, row, "order"), _STREAM])
    return np.random.Generator(np.random.SFC64(seed))
