"""Specs, chunks, inputs and paths of sweeps over step size and duration."""

import functools

from sparsestep.algorithms.base import unperturbed
from sparsestep.artifacts.identity import identity
from sparsestep.config.phase_sweeps import PhaseSweep
from sparsestep.config.vectors import REPLICATES_PER_BATCH
from sparsestep.errors import ConfigError
from sparsestep.plan import batches, paths
from sparsestep.plan.blocks import Spec, dump, dumped, find
from sparsestep.plan.experiments import Experiments
from sparsestep.plan.inputs import Input

# Updates of all replicates of a full batch that one job makes, 10 to 20 s of SGD on the small
# networks, and the most points that it handles. Part of what decides a chunk's id: never a function
# of the machine.
UPDATES_PER_JOB = 170_000_000
POINTS_PER_JOB = 500


class PhaseSweeps:
    """Specs, chunks, paths and inputs of these sweeps of a checked config."""

    def __init__(self, blocks: dict[str, PhaseSweep], experiments: Experiments):
        self.blocks = blocks
        self._experiments = experiments

    def block(self, name: str) -> PhaseSweep:
        """The checked block of a sweep; raises ConfigError where there is none."""
        return find(self.blocks, name, "sweep")

    @functools.cache
    def sweep(self, name: str) -> Spec:
        """What decides a sweep's end values but for where they are taken: replicates and points."""
        entry = self.block(name)
        return {
            **self._experiments.problem(entry.experiment),
            "algorithm": entry.algorithm,
            "schedule": entry.schedule,
            "snapshots": dump(self._experiments.block(entry.experiment).snapshots),
            "measure": dumped(entry.measure),
        }

    @functools.cache
    def chunks(self, name: str) -> dict[str, list[list[float]]]:
        """The points, [step_size, decay_at] each, that one job handles, by id.

        Step sizes that are added behind the others leave full chunks as they are.
        """
        entry = self.block(name)
        points = entry.points()
        iterations = self._experiments.block(entry.experiment).iterations
        updates = iterations * REPLICATES_PER_BATCH
        size = min(max(1, UPDATES_PER_JOB // updates), POINTS_PER_JOB)
        # Whole step sizes, where some fit.
        durations = len(entry.decay_at)
        size = max(size - size % durations, min(size, durations))
        chunks = (points[first : first + size] for first in range(0, len(points), size))
        return {identity({"points": chunk}): chunk for chunk in chunks}

    def chunk(self, name: str, chunk: str, batch: str) -> Spec:
        """What decides the end values at a chunk's points for a batch of replicates."""
        if chunk not in self.chunks(name) or batch not in self.batches(name):
            raise ConfigError(f"sweeps.{name} has no chunk {chunk} of replicates {batch}")
        spec = {**self.sweep(name), "points": self.chunks(name)[chunk]}
        return batches.with_replicates(spec, batch)

    def edges(self, name: str, decay_at: float) -> Spec:
        """What decides the replicates' edges over a large-step phase of this length."""
        entry = self.block(name)
        edge = dump(self._experiments.block(entry.experiment).edge) | {"horizon": decay_at}
        problem = self._experiments.problem(entry.experiment)
        return {**problem, "algorithm": unperturbed(entry.algorithm), "edge": edge}

    def batches(self, name: str) -> list[str]:
        """Path parts "first-last" of the replicates that one job handles."""
        entry = self.block(name)
        return batches.split(self._experiments.block(entry.experiment), entry.replicates)

    def problem_path(self, name: str, batch: str) -> str:
        """File with the Problem of a batch of a sweep: that of its experiment."""
        return self._experiments.problem_path(self.block(name).experiment, batch)

    def tables(self, name: str) -> list[Input]:
        """Every file with end values of a sweep: sweep."""
        found = []
        for chunk in self.chunks(name):
            for batch in self.batches(name):
                path = paths.SWEEP.format(
                    sweep=name, sweep_id=self._sweep_id(name), chunk=chunk, batch=batch
                )
                found.append(Input(path, (name,), identity(self.chunk(name, chunk, batch))))
        return found

    def edges_tables(self, name: str) -> list[Input]:
        """Every file with the edges of a sweep, if it has them: sweep, decay_at."""
        entry, found = self.block(name), []
        for decay_at in entry.decay_at if entry.edges else ():
            spec = self.edges(name, decay_at)
            edges_id = identity(spec)
            for batch in self.batches(name):
                path = paths.EDGES.format(
                    experiment=entry.experiment, edges_id=edges_id, batch=batch
                )
                made_from = identity(batches.with_replicates(spec, batch))
                found.append(Input(path, (name, decay_at), made_from))
        return found

    @functools.cache
    def _sweep_id(self, name: str) -> str:
        return identity(self.sweep(name))
