"""Contracts of modules, as types: those of each kind, which `tests/conformance/` checks.

R is the number of replicates, S of snapshots, P of parameters, n of samples, d of inputs, T of
iterations; arrays are float64 where nothing else is said. `registry.py` says which module plays
which role. Nothing here runs: other modules import it for annotations alone.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sparsestep.artifacts.arrays import Problem, Trajectory
    from sparsestep.fields import Closed, OfEdge
    from sparsestep.figures.parts.shown import Shown
    from sparsestep.figures.sources import Sources
    from sparsestep.figures.specs.base import FigureSpec
    from sparsestep.images.datasets.download import Archive
    from sparsestep.images.facts import Facts
    from sparsestep.images.networks.layers import ImageNetwork
    from sparsestep.seeds import Seeds

# What is wrong, by the key's path.
Told = dict[tuple[Any, ...], str]


class Network(Protocol):
    """A small network on inputs of one dimension.

    Attributes:
        loss_factor: losses are this times the mean square of h(x_i) - y_i.
    """

    loss_factor: float

    def initial_parameters(self, seed: int) -> np.ndarray:
        """theta_0, (P,)."""

    def predict(self, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
        """h(x), (S, n), of parameters (S, P) on inputs (n, d); (S, n, outputs) of several."""


class Schedule(Protocol):
    """The Spec of a schedule: the step size as a pure function of the iteration."""

    step_size: "float | OfEdge"

    def step_sizes(self, iterations: int) -> np.ndarray:
        """Step size of every iteration, (T,), or fraction of the edge."""

    def decays(self, iterations: int) -> list[int]:
        """Iterations from which on the step size is smaller than before, sorted."""


class ScheduleModule(Protocol):
    """A schedule."""

    Spec: type[Schedule]


class ProblemModule(Protocol):
    """Data and sampling order; TRUTH, names of the arrays in `truth`, is optional."""

    Spec: "type[Seeds]"

    def generate(self, spec: "Seeds", iterations: int, replicates: range) -> dict[str, Any]:
        """The arrays of a `Problem` but theta0, and `truth`, arrays by name."""


class ModelModule(Protocol):
    """A small network; `mistakes(spec, dimension)`, by key, is optional.

    So are `misfits(experiment)`, what else of an experiment does not go with it, by path,
    `unfit_options(spec, algorithm)`, options of an algorithm that do not, by key, and PRECISIONS,
    what its trainers compute in, where that is not float64 alone.
    """

    Spec: "type[Closed]"
    Network: "Callable[[Closed, int], Network]"


class AlgorithmModule(Protocol):
    """Options of an update; one that follows another run names it in its option `of`."""

    Spec: "type[Closed]"


class FullBatchModule(AlgorithmModule, Protocol):
    """Full-batch descent on noisy labels."""

    def noise(
        self,
        options: "Closed",
        problem: "Problem",
        row: int,
        loss_factor: float,
        train_loss: np.ndarray | None,
    ) -> object:
        """The noise on a replicate's labels (`algorithms/label_noise.py`)."""


class TrainerModule(Protocol):
    """What trains a model with an algorithm."""

    def train(
        self,
        problem: "Problem",
        spec: dict[str, Any],
        step_sizes: np.ndarray,
        snapshots: np.ndarray,
        threads: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Parameters (R, S, P), and (R,) int64, where each replicate diverged, -1: it survived.

        `step_sizes` is (R, T), `snapshots` (S,), iterations before whose update parameters are
        kept. T is `step_sizes.shape[1]`, not `spec["iterations"]`. Where the algorithm follows
        another run, that run's training losses, (R, T), come last.
        """


class MeasureModule(Protocol):
    """A measurement of snapshots.

    NEEDS, NEEDS_LOG, OF_ALL_SNAPSHOTS and `mistakes` are optional.
    """

    Spec: "type[Closed]"

    def columns(self, options: "Closed") -> list[str]:
        """Names of what is measured, each a metric of `registry.METRICS`."""

    def measure(
        self,
        problem: "Problem",
        trajectory: "Trajectory",
        network: "Network | ImageNetwork",
        options: "Closed",
        threads: int,
    ) -> dict[str, np.ndarray]:
        """(R, S) for each column; NaN where a replicate has diverged.

        Except what does not depend on parameters: `step_size`, `noise_level`, `predicted_...`.
        """


class CheckedMeasureModule(MeasureModule, Protocol):
    """A measurement with needs that a problem or model may not meet."""

    def mistakes(self, options: "Closed", problem: "Closed", network: "Network | Closed") -> Told:
        """What else is wrong, by the key's path inside the experiment."""


class SimulationModule(Protocol):
    """A numerical experiment that trains no network."""

    Spec: "type[Closed]"

    def simulate(self, spec: "Closed", threads: int) -> Mapping[str, np.ndarray]:
        """Columns of its table, all of one length; the same for any number of threads."""


class SummaryModule(Protocol):
    """The short table of a simulation."""

    def summarise(self, spec: "Closed", table: "pd.DataFrame") -> "pd.DataFrame":
        """One line a case, words for columns."""


class DatasetModule(Protocol):
    """A data set of images.

    One that is published as several files names those besides `ARCHIVE` in `FURTHER`, a sequence of
    `Archive`; its `decode` takes them from the folder of the first.
    """

    Spec: "type[Closed]"
    FACTS: "Facts"
    ARCHIVE: "Archive | None"

    def decode(self, path: Path | None) -> dict[str, np.ndarray]:
        """x_train, x_test (N, C, H, W) uint8, y_train, y_test (N,) int64."""


class ImageModelSpec(Protocol):
    """The Spec of a model on images, which is checked without building the network."""

    block_names: ClassVar[tuple[str, ...]]

    def numbers(self, channels: int, classes: int) -> int:
        """How many numbers a snapshot has."""

    def last_size(self, size: int) -> int:
        """Height and width of the last block's activations, of images of this size."""


class NetworkModule(Protocol):
    """The torch module of a model on images."""

    Network: "Callable[[Closed, int, int], ImageNetwork]"


class FigureModule(Protocol):
    """What a kind of figure asks for."""

    Spec: "type[FigureSpec]"


class DrawingModule(Protocol):
    """What draws a kind of figure, whose Spec is a `figures.specs.base.FigureSpec`."""

    def plot(
        self, sources: "Sources", figure: "Closed", experiments: "dict[str, Shown]"
    ) -> "Figure":
        """The page, or a `figures.parts.animation.Animation`."""


# By role in the registry; of problems and models, those of vectors.
CONTRACTS: "dict[str, type]" = {
    "problem": ProblemModule,
    "model": ModelModule,
    "algorithm": AlgorithmModule,
    "trainer": TrainerModule,
    "measure": MeasureModule,
    "simulation": SimulationModule,
    "summary": SummaryModule,
    "dataset": DatasetModule,
    "network": NetworkModule,
    "schedule": ScheduleModule,
    "figure": FigureModule,
    "drawing": DrawingModule,
}
