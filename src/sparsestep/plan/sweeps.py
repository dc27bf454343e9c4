"""What decides the tables of a sweep, how its points are shared out to jobs, and where they lie."""

import functools
from typing import Any

from sparsestep.artifacts.identity import canonical_json, identity
from sparsestep.config.blocks import Sweep
from sparsestep.errors import ConfigError
from sparsestep.plan.experiments import REPLICATES_PER_BATCH, Experiments, Spec, dumped, ends_of

# Updates of all replicates of a full batch that one job makes, 10 to 20 s of SGD on the small
# networks, and the most points that it handles. Part of what decides a chunk's id: never a function
# of the machine.
UPDATES_PER_JOB = 170_000_000
POINTS_PER_JOB = 500


class Sweeps(Experiments):
    """Specs, chunks and paths of a config's sweeps."""

    @functools.cache
    def sweep(self, name: str) -> Spec:
        """What decides a sweep's end values but for where they are taken: replicates and points."""
        entry = self._sweep(name)
        return {
            **self.problem(entry.experiment),
            "algorithm": entry.algorithm.model_dump(mode="json"),
            "schedule": entry.schedule,
            "snapshots": self._entry(entry.experiment).snapshots.model_dump(mode="json"),
            "measure": dumped(entry.measure),
        }

    @functools.cache
    def sweep_chunks(self, name: str) -> dict[str, list[list[float]]]:
        """The points, [step_size, decay_at] each, that one job handles, by id.

        Step sizes that are added behind the others leave full chunks as they are.
        """
        points = self._sweep(name).points()
        updates = self.problem(self._sweep(name).experiment)["iterations"] * REPLICATES_PER_BATCH
        size = min(max(1, UPDATES_PER_JOB // updates), POINTS_PER_JOB)
        # Whole step sizes, where some fit.
        durations = len(self._sweep(name).decay_at)
        size = max(size - size % durations, min(size, durations))
        chunks = (points[first : first + size] for first in range(0, len(points), size))
        return {identity({"points": chunk}): chunk for chunk in chunks}

    def sweep_batches(self, name: str) -> list[str]:
        """Path parts "first-last" of the replicates that one job handles."""
        entry = self._sweep(name)
        return self._batches_of(self._entry(entry.experiment).problem, entry.replicates)

    def sweep_path(self, name: str, chunk: str, batch: str) -> str:
        """File with the end values of a chunk's points for a batch of replicates."""
        return f"results/sweeps/{name}-{self._sweep_id(name)}/{chunk}/{batch}.parquet"

    def sweep_paths(self, name: str) -> list[str]:
        """All files with end values of a sweep."""
        return [path for path, *_ in self._sweep_tables(name)]

    def sweep_problem_path(self, name: str, batch: str) -> str:
        """File with the Problem of a batch of a sweep: that of its experiment."""
        return self.problem_path(self._sweep(name).experiment, batch)

    def collected_paths(self) -> list[str]:
        """The table of each sweep whose experiment is wanted."""
        return [f"results/sweeps/{name}.csv" for name in self.wanted_sweeps()]

    def wanted_sweeps(self) -> list[str]:
        """Sweeps of which the experiment is wanted, in config order."""
        return [name for name, entry in self.sweeps.items() if entry.experiment in self.wanted]

    def sweep_spec(self, wildcards: Any) -> str:
        """`spec` of a sweep job."""
        return canonical_json(self._chunk(wildcards.sweep, wildcards.chunk, wildcards.batch))

    def collect_spec(self, wildcards: Any) -> str:
        """`spec` of a collect job: the ids of the tables that it joins."""
        return canonical_json(
            {"tables": [made for *_, made in self._sweep_tables(wildcards.sweep)]}
        )

    def sweep_edges(self, name: str, decay_at: float) -> Spec:
        """What decides the replicates' edges over a large-step phase of this length."""
        entry = self._sweep(name)
        options = self._entry(entry.experiment).edge.model_dump(mode="json")
        edge = {**options, "horizon": decay_at}
        algorithm = entry.algorithm.model_dump(mode="json")
        return {**self.problem(entry.experiment), "algorithm": algorithm, "edge": edge}

    @functools.cache
    def edges_by_id(self, experiment: str) -> dict[str, Spec]:
        """What decides the edges that runs and sweeps of an experiment need."""
        specs = [self.edges(experiment, run) for run in self._entry(experiment).runs]
        for name in self._sweeps_of(experiment):
            entry = self._sweep(name)
            specs += [self.sweep_edges(name, at) for at in entry.decay_at if entry.edges]
        return {identity(spec): spec for spec in specs}

    def _sweeps_of(self, experiment: str) -> list[str]:
        return [name for name, entry in self.sweeps.items() if entry.experiment == experiment]

    def _of_problem(self, spec: Spec, experiment: str, batch: str) -> Spec:
        """The spec for a batch of the experiment, or of a sweep of it."""
        swept = (self.sweep_batches(name) for name in self._sweeps_of(experiment))
        if not any(batch in batches for batches in (self.batches(experiment), *swept)):
            raise ConfigError(f"experiments.{experiment} has no batch {batch}")
        return {**spec, "replicates": ends_of(batch)}

    def _sweep(self, name: str) -> Sweep:
        if name not in self.sweeps:
            raise ConfigError(f"config.yaml has no sweep {name!r}")
        return self.sweeps[name]

    @functools.cache
    def _sweep_id(self, name: str) -> str:
        return identity(self.sweep(name))

    def _chunk(self, name: str, chunk: str, batch: str) -> Spec:
        if chunk not in self.sweep_chunks(name) or batch not in self.sweep_batches(name):
            raise ConfigError(f"sweeps.{name} has no chunk {chunk} of replicates {batch}")
        points = self.sweep_chunks(name)[chunk]
        return {**self.sweep(name), "points": points, "replicates": ends_of(batch)}

    def _sweep_tables(self, name: str) -> list[tuple[str, str, str]]:
        """(path, sweep, id of the spec) of every file with end values."""
        return [
            (self.sweep_path(name, chunk, batch), name, identity(self._chunk(name, chunk, batch)))
            for chunk in self.sweep_chunks(name)
            for batch in self.sweep_batches(name)
        ]

    def _sweep_edges_tables(self, name: str) -> list[tuple[str, str, float, str]]:
        """(path, sweep, decay_at, id of the spec) of every file with its edges."""
        entry, found = self._sweep(name), []
        for decay_at in entry.decay_at if entry.edges else ():
            spec = self.sweep_edges(name, decay_at)
            folder = f"results/edges/{entry.experiment}-{identity(spec)}"
            for batch in self.sweep_batches(name):
                made = identity({**spec, "replicates": ends_of(batch)})
                found.append((f"{folder}/{batch}.safetensors", name, decay_at, made))
        return found
