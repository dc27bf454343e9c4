"""Specs, chunks, inputs and paths of sweeps over step size and duration."""

import functools

from sparsestep.algorithms.base import unperturbed
from sparsestep.artifacts.identity import identity
from sparsestep.config.vectors import REPLICATES_PER_BATCH
from sparsestep.plan import batches, paths
from sparsestep.plan.blocks import Spec, dump, dumped
from sparsestep.plan.chunks import Chunks
from sparsestep.plan.inputs import Input

# Updates of all replicates of a full batch that one job makes, 10 to 20 s of SGD on the small
# networks, and the most points that it handles. Part of what decides a chunk's id: never a function
# of the machine.
UPDATES_PER_JOB = 170_000_000
POINTS_PER_JOB = 500


class PhaseSweeps(Chunks):
    """Specs, chunks, paths and inputs of these sweeps of a checked config."""

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

    def spec(self, name: str, chunk: str) -> Spec:
        """What decides the end values at a chunk's points, but for the replicates."""
        return {**self.sweep(name), "points": self.chunks(name)[chunk]}

    def edges(self, name: str, decay_at: float) -> Spec:
        """What decides the replicates' edges over a large-step phase of this length."""
        entry = self.block(name)
        edge = dump(self._experiments.block(entry.experiment).edge) | {"horizon": decay_at}
        problem = self._experiments.problem(entry.experiment)
        return {**problem, "algorithm": unperturbed(entry.algorithm), "edge": edge}

    def problem_path(self, name: str, batch: str) -> str:
        """File with the Problem of a batch of a sweep: that of its experiment."""
        return self._experiments.problem_path(self.block(name).experiment, batch)

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
