"""What decides an experiment's artefacts, and where they lie.

A **spec** is a JSON object with everything that decides the content of an artefact, and nothing
else. Its hash is the id in the artefact's path.
"""

import functools
from collections.abc import Mapping
from typing import Any

from sparsestep import config, registry
from sparsestep.artifacts.identity import identity
from sparsestep.config.blocks import Experiment, Run
from sparsestep.errors import ConfigError
from sparsestep.fields import Closed
from sparsestep.images.checks import is_of_images
from sparsestep.training import snapshot_iterations

# Replicates that one job handles, where the problem's module does not say another number.
REPLICATES_PER_BATCH = 16

Spec = dict[str, Any]


class Experiments:
    """Specs, batches and paths of the experiments of a config."""

    def __init__(self, raw: dict[str, Any]):
        self.config = config.load(raw)
        self.experiments = self.config.experiments
        self.sweeps = self.config.sweeps
        self.simulations = self.config.simulations
        self.figures = self.config.figures
        # What `snakemake` without a target computes.
        self.wanted = [
            name
            for name, entry in self.experiments.items()
            if not entry.on_demand or name in self.config.enabled
        ]

    @functools.cache
    def problem(self, experiment: str) -> Spec:
        """What decides the replicates' data, initial parameters and sampling order."""
        entry = self._entry(experiment)
        return {
            "problem": entry.problem.model_dump(mode="json"),
            "model": entry.model.model_dump(mode="json"),
            "iterations": entry.iterations,
        }

    @functools.cache
    def run(self, experiment: str, run: str) -> Spec:
        """What decides a run's trajectory."""
        entry = self._entry(experiment)
        if run not in entry.runs:
            raise ConfigError(f"experiments.{experiment} has no run {run!r}")
        other = self.run_followed(experiment, run)
        calibrated = entry.runs[other or run]
        spec = {
            **(self.edges if calibrated.is_relative else self._with_algorithm)(experiment, run),
            "schedule": calibrated.schedule.model_dump(mode="json"),
            "snapshots": entry.snapshots.model_dump(mode="json"),
        }
        spec["algorithm"] = entry.runs[run].algorithm.model_dump(mode="json")
        if other:
            # Its step sizes and snapshots are this run's.
            followed = entry.runs[other].algorithm.model_dump(mode="json")
            spec["followed"] = {"algorithm": followed}
        return spec

    def run_followed(self, experiment: str, run: str) -> str | None:
        """The run that this one is `of`, by its algorithm's option; None for most."""
        return self._entry(experiment).runs[run].followed

    @functools.cache
    def edges(self, experiment: str, run: str) -> Spec:
        """What decides the replicates' edges under the algorithm of this run."""
        edge = self._entry(experiment).edge.model_dump(mode="json")
        calibrated = self.run_followed(experiment, run) or run
        return {**self._with_algorithm(experiment, calibrated), "edge": edge}

    def scheduled(self, experiment: str, run: str) -> Run:
        """The run whose schedule a run has: the one that it follows, or itself."""
        return self._entry(experiment).runs[self.run_followed(experiment, run) or run]

    def is_of_images(self, experiment: str) -> bool:
        """Whether it trains networks on images: from a data set, without a Problem on disk."""
        return is_of_images(self._entry(experiment).problem)

    def pattern_of_experiments(self, images: bool) -> str:
        """Regular expression of the names of the experiments on images, or on vectors."""
        names = [name for name in self.experiments if self.is_of_images(name) == images]
        return "|".join(names) or "(?!)"

    def dataset(self, name: str) -> Spec:
        """What decides a data set's arrays. Where its archive lies does not."""
        registry.module_name("dataset", name)
        return {"dataset": {"kind": name}}

    def dataset_path(self, name: str) -> str:
        """File with the images and labels of a data set."""
        return f"results/data/{name}-{identity(self.dataset(name))}.safetensors"

    @functools.cache
    def batches(self, experiment: str) -> list[str]:
        """Path parts "first-last" of the replicates that one job handles.

        Batches start at multiples of their size, so that more replicates add batches; a last one
        that was not full is another batch then, and made again.
        """
        entry = self._entry(experiment)
        return self._batches_of(entry.problem, entry.replicates)

    def images_path(self, experiment: str) -> str:
        """File with the data set that an experiment on images uses."""
        return self.dataset_path(self._entry(experiment).problem.dataset)

    def snapshots_mb(self, experiment: str) -> int:
        """Size of the snapshots of a job on images, in MB (10^6 bytes)."""
        entry = self._entry(experiment)
        facts = entry.problem.facts
        replicates = min(facts.replicates, entry.replicates)
        count = replicates * len(
            snapshot_iterations(entry.iterations, entry.snapshots.model_dump(mode="json"))
        )
        width = 2 if entry.snapshots.bfloat16 else 4
        return -(-count * width * entry.model.numbers(facts.channels, facts.classes) // 10**6)

    def problem_path(self, experiment: str, batch: str) -> str:
        """File with the Problem of a batch."""
        return f"results/problems/{experiment}-{self._problem_id(experiment)}/{batch}.safetensors"

    def edges_path(self, experiment: str, run: str, batch: str) -> list[str]:
        """File with the edges that a run's step sizes refer to; none if they do not."""
        if not self.scheduled(experiment, run).is_relative:
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
        """Measurement files of these experiments (of all wanted, by default), in config order."""
        return [path for path, *_ in self._tables(experiments)]

    def _entry(self, experiment: str) -> Experiment:
        if experiment not in self.experiments:
            raise ConfigError(f"config.yaml has no experiment {experiment!r}")
        return self.experiments[experiment]

    def _with_algorithm(self, experiment: str, run: str) -> Spec:
        algorithm = self._entry(experiment).runs[run].algorithm
        return {**self.problem(experiment), "algorithm": algorithm.model_dump(mode="json")}

    @functools.cache
    def _problem_id(self, experiment: str) -> str:
        return identity(self.problem(experiment))

    @functools.cache
    def _run_folder(self, experiment: str, run: str) -> str:
        return f"results/runs/{experiment}/{run}-{identity(self.run(experiment, run))}"

    @functools.cache
    def _known_batches(self, experiment: str) -> frozenset[str]:
        # Asked for every batch: with a list, the time would grow with the square of their number.
        return frozenset(self.batches(experiment))

    def _batched(self, spec: Spec, experiment: str, batch: str) -> Spec:
        if batch not in self._known_batches(experiment):
            raise ConfigError(f"experiments.{experiment} has no batch {batch}")
        return {**spec, "replicates": ends_of(batch)}

    def _batches_of(self, problem: Closed, replicates: int) -> list[str]:
        size = getattr(problem, "replicates_per_batch", REPLICATES_PER_BATCH)
        starts = range(0, replicates, size)
        return [f"{first}-{min(first + size, replicates) - 1}" for first in starts]

    def measured(self, experiment: str, run: str, batch: str) -> Spec:
        """What decides the measurements of a batch of a run."""
        spec = self._batched(self.run(experiment, run), experiment, batch)
        return {**spec, "measure": dumped(self._entry(experiment).measure)}

    def _tables(self, experiments: list[str] | None = None) -> list[tuple[str, str, str, str]]:
        """(path, experiment, run, id of the measure spec) of every measurement file."""
        names = self.wanted if experiments is None else experiments
        return [table for name in names for table in self._tables_of(name)]

    @functools.cache
    def _tables_of(self, name: str) -> list[tuple[str, str, str, str]]:
        return [
            (
                self.measurement_path(name, run, batch),
                name,
                run,
                identity(self.measured(name, run, batch)),
            )
            for run in self._entry(name).runs
            for batch in self.batches(name)
        ]


def dumped(blocks: Mapping[str, Closed]) -> dict[str, Spec]:
    """The blocks as JSON values, by name."""
    return {name: block.model_dump(mode="json") for name, block in blocks.items()}


def ends_of(batch: str) -> list[int]:
    """First and last replicate of a batch's path part."""
    return [int(end) for end in batch.split("-")]
