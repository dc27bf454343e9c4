"""Parameters that know how to go on: what the next update depends on besides them.

Training that keeps losses makes a block of iterations at a time and starts the next from the last
snapshot (`loss_log.py`), with a problem whose theta0 that is and whose order is cut. An update with
momentum depends on the last ones too, and further samples on how many updates there have been. So
the snapshots carry both to where they are taken from again, through slices of the array.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sparsestep.artifacts.arrays import Problem


@dataclass(frozen=True)
class Progress:
    """Of a batch of replicates at an update of their run.

    Attributes:
        update: number of the update that comes next.
        velocity: (R, P); None at the start, and without momentum.
        draws: what draws the samples, as the trainer has it; None at the start.
    """

    update: int = 0
    velocity: np.ndarray | None = None
    draws: Any = None


# Of a run that begins.
START = Progress()


class _Parameters(np.ndarray):
    """Snapshots of parameters, and the progress at the last of them."""

    progress: Progress | None = None

    def __array_finalize__(self, source: object) -> None:
        self.progress = getattr(source, "progress", None)


def carrying(parameters: np.ndarray, progress: Progress) -> np.ndarray:
    """The snapshots, (R, S, P), a run of which can be continued from the last."""
    carrier = parameters.view(_Parameters)
    carrier.progress = progress
    return carrier


def progress_of(problem: Problem) -> Progress:
    """Where the replicates are at theta0: at the start, if that does not say something else."""
    return getattr(problem.theta0, "progress", None) or START
