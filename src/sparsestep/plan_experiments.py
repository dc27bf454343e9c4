"""What decides an experiment's artefacts, and where they lie.

A **spec** is a JSON object with everything that decides the content of an artefact, and nothing
else. Its hash is the id in the artefact's path.
"""

import functools
from typing import Any

from sparsestep import config, registry
from sparsestep.errors import ConfigError
from sparsestep.identity import identity
from sparsestep.schedules.edge import is_relative

REPLICATES_PER_BATCH = 16

Spec = dict[str, Any]


class Experiments:
    """Specs, batches and paths of the experiments of a config."""

    def __init__(self, raw: dict[str, Any]):
        self.config = config.load(raw)
        self.experiments = self.config.experiments
        self.simulations = self.config.simulations
        self.figures = self.config.figures

    @functools.cache
    def problem(self, experiment: str) -> Spec:
        """What decides the replicates' data, initial parameters and sampling order."""
        entry = self._entry(experiment)
        return {
            "problem": entry.problem,
            "model": entry.model,
            "iterations": entry.iterations,
        }

    @functools.cache
    def run(self, experiment: str, run: str) -> Spec:
        """What decides a run's trajectory."""
        entry = self._entry(experiment)
        if run not in entry.runs:
            raise ConfigError(f"experiments.{experiment} has no run {run!r}")
        other = self.run_followed(experiment, run)
        schedule = entry.runs[other or run].schedule
        algorithm = entry.runs[run].algorithm
        spec = {
            **(self.edges if is_relative(schedule) else self._with_algorithm)(experiment, run),
            "schedule": schedule,
            "snapshots": entry.snapshots.model_dump(mode="json"),
        }
        spec["algorithm"] = algorithm
        if other:
            # Its step sizes and snapshots are this run's.
            spec["followed"] = {"algorithm": entry.runs[other].algorithm}
        return spec

    def run_followed(self, experiment: str, run: str) -> str | None:
        """The run that this one is `of`, by its algorithm's option; None for most."""
        return self._entry(experiment).runs[run].algorithm.get("of")

    @functools.cache
    def edges(self, experiment: str, run: str) -> Spec:
        """What decides the replicates' edges under the algorithm of this run."""
        edge = self._entry(experiment).edge.model_dump(mode="json")
        calibrated = self.run_followed(experiment, run) or run
        return {**self._with_algorithm(experiment, calibrated), "edge": edge}

    def schedule(self, experiment: str, run: str) -> Spec:
        """A run's schedule, which is that of the run it follows, if any."""
        return self._entry(experiment).runs[self.run_followed(experiment, run) or run].schedule

    def dataset(self, name: str) -> Spec:
        """What decides a data set's arrays. Where its archive lies does not."""
        registry.module_name("dataset", name)
        return {"dataset": {"kind": name}}

    def dataset_path(self, name: str) -> str:
        """File with the images and labels of a data set."""
        return f"results/data/{name}-{identity(self.dataset(name))}.safetensors"

    def batches(self, experiment: str) -> list[str]:
        """Path parts "first-last" of the replicates that one job handles.

        Batches start at multiples of `REPLICATES_PER_BATCH`, so that more replicates add batches.
        """
        count = self._entry(experiment).replicates
        starts = range(0, count, REPLICATES_PER_BATCH)
        return [f"{first}-{min(first + REPLICATES_PER_BATCH, count) - 1}" for first in starts]

    def problem_path(self, experiment: str, batch: str) -> str:
        """File with the Problem of a batch."""
        return f"results/problems/{experiment}-{self._problem_id(experiment)}/{batch}.safetensors"

    def edges_path(self, experiment: str, run: str, batch: str) -> list[str]:
        """File with the edges that a run's step sizes refer to; none if they do not."""
        if not is_relative(self.schedule(experiment, run)):
            return []
        edges_id = identity(self.edges(experiment, run))
        return [f"results/edges/{experiment}-{edges_id}/{batch}.safetensors"]

    def followed_path(self, experiment: str, run: str, batch: str) -> list[str]:
        """File with the Trajectory that a run follows; none if it follows none."""
        other = self.run_followed(experiment, run)
        return [self.trajectory_path(experiment, other, batch)] if other else []

    def trajectory_path(self, experiment: str, run: str, batch: str) -> str:
        """File with the Trajectory of a batch of a run."""
        return f"{self._run_folder(experiment, run)}/{batch}/trajectory.safetensors"

    def measurement_path(self, experiment: str, run: str, batch: str) -> str:
        """File with the measurements of a batch of a run."""
        return f"{self._run_folder(experiment, run)}/{batch}/measurements.parquet"

    def measurement_paths(self, experiments: list[str] | None = None) -> list[str]:
        """All measurement files of these experiments (of all, by default), in config order."""
        return [path for path, *_ in self._tables(experiments)]

    def _entry(self, experiment: str) -> config.Experiment:
        if experiment not in self.experiments:
            raise ConfigError(f"config.yaml has no experiment {experiment!r}")
        return self.experiments[experiment]

    def _with_algorithm(self, experiment: str, run: str) -> Spec:
        algorithm = self._entry(experiment).runs[run].algorithm
        return {**self.problem(experiment), "algorithm": algorithm}

    @functools.cache
    def _problem_id(self, experiment: str) -> str:
        return identity(self.problem(experiment))

    @functools.cache
    def _run_folder(self, experiment: str, run: str) -> str:
        return f"results/runs/{experiment}/{run}-{identity(self.run(experiment, run))}"

    def _batched(self, spec: Spec, experiment: str, batch: str) -> Spec:
        if batch not in self.batches(experiment):
            raise ConfigError(f"experiments.{experiment} has no batch {batch}")
        return {**spec, "replicates": [int(end) for end in batch.split("-")]}

    def _measured(self, experiment: str, run: str, batch: str) -> Spec:
        spec = self._batched(self.run(experiment, run), experiment, batch)
        return {**spec, "measure": self._entry(experiment).measure}

    def _tables(self, experiments: list[str] | None = None) -> list[tuple[str, str, str, str]]:
        """(path, experiment, run, id of the measure spec) of every measurement file."""
        return [
            (
                self.measurement_path(name, run, batch),
                name,
                run,
                identity(self._measured(name, run, batch)),
            )
            for name in (self.experiments if experiments is None else experiments)
            for run in self._entry(name).runs
            for batch in self.batches(name)
        ]
