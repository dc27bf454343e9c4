"""The samples of every update, of many replicates at once, for torch."""

import numpy as np
import torch
from torch import Tensor

from sparsestep.artifacts.arrays import Problem
from sparsestep.errors import SparsestepError
from sparsestep.fields import Closed
from sparsestep.training.batches import Batches, LabelNoise
from sparsestep.training.resumption import START, Progress

# Numbers that are looked up at a time: a few megabytes.
_BLOCK = 2**18


class Samples:
    """Inputs and labels of the batches: all samples, or those that `training/batches.py` draws.

    Labels with noise where the algorithm has `label_noise`. `before` is where the run is at the
    first update of the problem's order.

    Attributes:
        draws: what draws samples and noise of each replicate.
    """

    def __init__(
        self,
        problem: Problem,
        options: Closed,
        device: torch.device,
        before: Progress = START,
    ):
        self._x = torch.tensor(problem.x_train, device=device)
        self._y = torch.tensor(problem.y_train, device=device)
        full = options.kind in ("gd", "momentum_gd")
        self._size = "all" if full else getattr(options, "batch_size", 1)
        self.draws: tuple[list[Batches], list[LabelNoise]] = ([], [])
        if self._size == "all":
            return
        self._order = problem.order
        self._going = np.arange(len(problem.order))
        self.draws = before.draws or (
            _batches(problem, options, self._size, self._going),
            _noises(problem, options, self._going),
        )
        self._batches, self._noises = self.draws
        for row, batches in enumerate(self._batches):
            batches.go_on(problem.order[row], before.update)
        for noise in self._noises:
            noise.go_on(before.update)
        self._first, self._stop = 0, 0
        self._block: tuple[Tensor, Tensor] | None = None

    def at(self, t: int) -> tuple[Tensor, Tensor]:
        """Inputs, (R or 1, m, d), and labels, (R or 1, m), of the update of iteration t.

        Iterations are asked for in order, from 0 on; the last one may be asked for again.
        """
        if self._size == "all":
            return self._x, self._y
        if t == self._stop:
            self._look_up(t)
        x, y = self._block
        return x[t - self._first], y[t - self._first]

    def keep(self, rows: Tensor) -> None:
        """Go on with these replicates alone."""
        self._x, self._y = (a[rows] if len(a) > 1 else a for a in (self._x, self._y))
        if self._size != "all":
            self._going = self._going[rows.cpu().numpy()]
            self._block = tuple(part[:, rows] for part in self._block)

    def _look_up(self, first: int) -> None:
        """Inputs and labels of the next iterations, (count, R, m, d) and (count, R, m)."""
        numbers = len(self._going) * self._size * self._x.shape[-1]
        stop = min(first + max(1, _BLOCK // numbers), self._order.shape[1])
        self._first, self._stop = first, stop
        drawn = np.stack([self._drawn(row, first, stop) for row in self._going], axis=1)
        index = torch.tensor(drawn.astype(np.int64), device=self._x.device)
        rows = torch.arange(len(self._going), device=index.device)[:, None]
        x, y = (
            a[rows if len(a) > 1 else torch.zeros_like(rows), index] for a in (self._x, self._y)
        )
        if self._noises:
            zeta = [self._noises[row].take(first, stop - first) for row in self._going]
            y = y + torch.tensor(np.stack(zeta, axis=1)).to(y)
        self._block = (x, y)

    def _drawn(self, row: int, first: int, stop: int) -> np.ndarray:
        """Samples of a replicate's batches, (count, batch_size)."""
        if self._batches:
            return self._batches[row].take(first, stop - first)
        return self._order[row, first:stop, None]


def _batches(problem: Problem, options: Closed, size: int, rows: np.ndarray) -> list[Batches]:
    """One a replicate; none where batches are the problem's order."""
    in_epochs = getattr(options, "sampling", "replacement") == "epochs"
    samples = problem.y_train.shape[-1]
    if in_epochs and size > samples:
        raise SparsestepError(
            f"algorithm.batch_size: got {size}; in epochs it must be at most {samples}, the samples"
        )
    return [Batches(problem, options, row) for row in rows] if size > 1 or in_epochs else []


def _noises(problem: Problem, options: Closed, rows: np.ndarray) -> list[LabelNoise]:
    """One a replicate; none where labels are what they are."""
    if not getattr(options, "label_noise", 0.0):
        return []
    return [LabelNoise(problem, options, row) for row in rows]
