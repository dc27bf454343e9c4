"""The samples of every update, of many replicates at once, for torch."""

import torch
from torch import Tensor

from sparsestep.artifacts.arrays import Problem
from sparsestep.fields import Closed

# Numbers that are looked up at a time: a few megabytes.
_BLOCK = 2**18


class Samples:
    """Inputs and labels of the batches; an update takes all samples or those that are drawn."""

    def __init__(self, problem: Problem, options: Closed, device: torch.device):
        self._x = torch.tensor(problem.x_train, device=device)
        self._y = torch.tensor(problem.y_train, device=device)
        self._all = options.kind == "gd" or getattr(options, "batch_size", 1) == "all"
        self._order = torch.tensor(problem.order, device=device)
        self._first, self._stop = 0, 0
        self._block: tuple[Tensor, Tensor] | None = None

    def at(self, t: int) -> tuple[Tensor, Tensor]:
        """Inputs, (R or 1, m, d), and labels, (R or 1, m), of the update of iteration t."""
        if self._all:
            return self._x, self._y
        if not self._first <= t < self._stop:
            self._look_up(t)
        x, y = self._block
        return x[t - self._first], y[t - self._first]

    def keep(self, rows: Tensor) -> None:
        """Go on with these replicates alone."""
        self._order = self._order[rows]
        self._x, self._y = (a[rows] if len(a) > 1 else a for a in (self._x, self._y))
        self._stop = self._first

    def _look_up(self, t: int) -> None:
        """Inputs and labels of the next iterations, (count, R, m, d) and (count, R, m)."""
        numbers = len(self._order) * self._x.shape[-1]
        self._first, self._stop = t, t + max(1, _BLOCK // numbers)
        index = self._order[:, self._first : self._stop].T[:, :, None].long()
        rows = torch.arange(len(self._order), device=index.device)[:, None]
        x, y = ((a, rows if len(a) > 1 else torch.zeros_like(rows)) for a in (self._x, self._y))
        self._block = (x[0][x[1], index], y[0][y[1], index])
