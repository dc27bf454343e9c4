"""Specs, inputs and paths of experiments.

A **spec** is a JSON object with everything that decides the content of an artefact, and nothing
else. Its hash is the id in the artefact's path.
"""

import functools

from sparsestep.algorithms.base import unperturbed
from sparsestep.artifacts.identity import identity
from sparsestep.config import kinds
from sparsestep.config.blocks import OWN_NUMBERS, Experiment, Run
from sparsestep.errors import ConfigError
from sparsestep.plan import batches, datasets, paths
from sparsestep.plan.blocks import Spec, dump, dumped, find
from sparsestep.plan.inputs import Input, paths_of
from sparsestep.training import snapshot_iterations


class Experiments:
    """Specs, batches, paths and inputs of the experiments of a checked config."""

    def __init__(self, blocks: dict[str, Experiment], enabled: list[str]):
        self.blocks = blocks
        # What `snakemake` without a target computes.
        self.wanted = [
            name for name, entry in blocks.items() if not entry.on_demand or name in enabled
        ]

    def block(self, experiment: str) -> Experiment:
        """The checked block of an experiment; raises ConfigError where there is none."""
        return find(self.blocks, experiment, "experiment")

    def name_pattern(self, family: str) -> str:
        """Regular expression of the names of the experiments of a family, "vectors" or "images"."""
        names = [name for name, entry in self.blocks.items() if entry.family.name == family]
        return "|".join(names) or "(?!)"

    # What decides an artefact.

    @functools.cache
    def problem(self, experiment: str, run: str | None = None) -> Spec:
        """What decides the replicates' data, initial parameters and sampling order.

        Of a run, which may have its own.
        """
        entry = self._of(experiment, run)
        return {
            "problem": dump(entry.problem),
            "model": dump(entry.model),
            "iterations": entry.iterations,
        }

    @functools.cache
    def run(self, experiment: str, run: str) -> Spec:
        """What decides a run's trajectory."""
        entry = self._of(experiment, run)
        calibrated = self.scheduled(experiment, run)
        spec = {
            **(self.edges if calibrated.is_relative else self._with_algorithm)(experiment, run),
            "schedule": dump(calibrated.schedule),
            "snapshots": dump(entry.snapshots),
        }
        spec["algorithm"] = dump(entry.runs[run].algorithm)
        if entry.runs[run].followed:
            # Its step sizes and snapshots are this run's.
            spec["followed"] = {"algorithm": dump(calibrated.algorithm)}
        return spec

    @functools.cache
    def edges(self, experiment: str, run: str) -> Spec:
        """What decides the replicates' edges under the algorithm of this run."""
        entry = self._of(experiment, run)
        calibrated = entry.runs[run].followed or run
        spec = {**self._with_algorithm(experiment, calibrated), "edge": dump(entry.edge)}
        return spec | {"algorithm": unperturbed(spec["algorithm"])}

    def measured(self, experiment: str, run: str, batch: str) -> Spec:
        """What decides the measurements of a batch of a run."""
        spec = self.batched(self.run(experiment, run), experiment, batch)
        return {**spec, "measure": dumped(self._of(experiment, run).measure)}

    def batched(self, spec: Spec, experiment: str, batch: str) -> Spec:
        """The spec for a batch of the experiment's replicates; raises ConfigError for no batch."""
        batches.require(experiment, batch, self._known_batches(experiment))
        return batches.with_replicates(spec, batch)

    def scheduled(self, experiment: str, run: str) -> Run:
        """The run whose schedule a run has: the one that it follows, or itself."""
        runs = self.block(experiment).runs
        return runs[runs[run].followed or run]

    @functools.cache
    def batches(self, experiment: str) -> list[str]:
        """Path parts "first-last" of the replicates that one job handles."""
        entry = self.block(experiment)
        return batches.split(entry, entry.replicates)

    # Where it lies.

    def data_path(self, experiment: str, batch: str, run: str | None = None) -> str:
        """File that a batch is trained on: its Problem, or the data set, where it has none."""
        if self.block(experiment).family.has_problem_file:
            return self.problem_path(experiment, batch, run)
        return self.dataset_path(experiment, run)

    def dataset_path(self, experiment: str, run: str | None = None) -> str:
        """File with the data set that an experiment on images, or a run of it, uses."""
        return datasets.path(self._of(experiment, run).problem.dataset)

    def snapshots_mb(self, experiment: str, batch: str) -> int:
        """Size of the snapshots of a batch on images, in MB (10^6 bytes); that of the largest run.

        How many replicates a job has is up to the experiment, also where a run has its own data.
        """
        entry, replicates = self.block(experiment), batches.size(batch)
        return max(entry.family.snapshots_mb(of, replicates) for of in entry.variants())

    def problem_path(self, experiment: str, batch: str, run: str | None = None) -> str:
        """File with the Problem of a batch, of the experiment or of a run with its own."""
        problem_id = self.problem_id(experiment, run)
        return paths.PROBLEM.format(experiment=experiment, problem_id=problem_id, batch=batch)

    def calibrated_path(self, experiment: str, edges_id: str, batch: str) -> str:
        """File with the Problem of which these are the edges."""
        for run in self.block(experiment).runs:
            if identity(self.edges(experiment, run)) == edges_id:
                return self.problem_path(experiment, batch, run)
        return self.problem_path(experiment, batch)

    def edges_path(self, experiment: str, run: str, batch: str) -> list[str]:
        """File with the edges that a run's step sizes refer to; none if they do not."""
        if not self.scheduled(experiment, run).is_relative:
            return []
        edges_id = identity(self.edges(experiment, run))
        return [paths.EDGES.format(experiment=experiment, edges_id=edges_id, batch=batch)]

    def followed_path(self, experiment: str, run: str, batch: str) -> list[str]:
        """File with the Trajectory that a run follows; none if it follows none."""
        other = self.block(experiment).runs[run].followed
        return [self.trajectory_path(experiment, other, batch)] if other else []

    def trajectory_path(self, experiment: str, run: str, batch: str) -> str:
        """File with the Trajectory of a batch of a run."""
        return self._path_of_run(paths.TRAJECTORY, experiment, run, batch)

    def measurement_path(self, experiment: str, run: str, batch: str) -> str:
        """File with the measurements of a batch of a run."""
        return self._path_of_run(paths.MEASUREMENTS, experiment, run, batch)

    def measurement_paths(self, experiments: list[str] | None = None) -> list[str]:
        """Measurement files of these experiments (of all wanted, by default), in config order."""
        return paths_of(self.tables(experiments))

    def trajectories_on_vectors(self) -> list[str]:
        """Trajectories of the small networks of all experiments that run."""
        return [
            self.trajectory_path(name, run, batch)
            for name in self.wanted
            if self.blocks[name].family.name == "vectors"
            for run in self.blocks[name].runs
            for batch in self.batches(name)
        ]

    def output_paths(self) -> list[str]:
        """Every file that some job of an experiment writes, on demand or not."""
        found = self.measurement_paths(list(self.blocks))
        for name, entry in self.blocks.items():
            for batch in self.batches(name):
                found.append(self.data_path(name, batch))
                for run in entry.runs:
                    found.append(self.data_path(name, batch, run))
                    found.append(self.trajectory_path(name, run, batch))
                    found += self.edges_path(name, run, batch)
        return found

    # What other jobs read of it.

    def tables(self, experiments: list[str] | None = None) -> list[Input]:
        """Measurements of these experiments (of all wanted, by default): experiment, run."""
        names = self.wanted if experiments is None else experiments
        return [table for name in names for table in self._tables_of(name)]

    def first_problem(self, experiment: str) -> Input:
        """The Problem of the first batch: experiment."""
        batch = self.batches(experiment)[0]
        made_from = self.batched(self.problem(experiment), experiment, batch)
        return Input(self.problem_path(experiment, batch), (experiment,), identity(made_from))

    def first_trajectory(self, experiment: str, run: str) -> Input:
        """The Trajectory of a run's first batch: experiment, run."""
        batch = self.batches(experiment)[0]
        made_from = self.batched(self.run(experiment, run), experiment, batch)
        path = self.trajectory_path(experiment, run, batch)
        return Input(path, (experiment, run), identity(made_from))

    # What figures and report show of it.

    def display(self, experiment: str) -> Spec:
        """How to name and colour the runs of an experiment, and its scale of time."""
        entry = self.block(experiment)
        runs = {
            name: {
                "label": run.label,
                "colour": run.colour,
                "schedule": dump(self.scheduled(experiment, name).schedule),
                # Not there for most.
                **({"perturbation": size} if (size := entry.perturbation(name)) else {}),
                **self._own_numbers(experiment, name),
            }
            for name, run in entry.runs.items()
        }
        epochs = {} if entry.epochs is None else {"epochs": entry.epochs}
        return {
            **epochs,
            "title": entry.title,
            "iterations": entry.iterations,
            "replicates": entry.replicates,
            # A list, because canonical JSON sorts the keys of an object.
            "order": list(runs),
            "runs": runs,
        }

    def perturbed(self, experiment: str) -> dict[str, Spec]:
        """Of each run whose starts are perturbed, by what, and whether it is of `copies` alone."""
        entry = self.block(experiment)
        return {
            name: {"size": entry.perturbation(name), "copies": entry.has_copies(name)}
            for name in entry.runs
            if entry.perturbation(name)
        }

    def columns(self, experiment: str) -> list[str]:
        """Names of what is measured, of any run."""
        found = {}
        for of in self.block(experiment).variants():
            found |= dict.fromkeys(kinds.columns(of.measure, of.model, of.problem))
        return list(found)

    def last_snapshot(self, experiment: str, run: str | None = None) -> int:
        """The iteration at which the parameters are kept last, of the experiment or of a run."""
        entry = self._of(experiment, run)
        return int(snapshot_iterations(entry.iterations, dump(entry.snapshots))[-1])

    @functools.cache
    def problem_id(self, experiment: str, run: str | None = None) -> str:
        """Identity of what decides the problem of an experiment, or of a run of it."""
        return identity(self.problem(experiment, run))

    def problems(self, experiment: str) -> dict[str, Spec]:
        """What decides each problem of an experiment and of its runs, by id."""
        of = [None, *self.block(experiment).runs]
        return {self.problem_id(experiment, run): self.problem(experiment, run) for run in of}

    @functools.cache
    def run_id(self, experiment: str, run: str) -> str:
        """Identity of what decides a run's trajectory."""
        return identity(self.run(experiment, run))

    def _own_numbers(self, experiment: str, run: str) -> Spec:
        """T of a run that has its own, in iterations, in epochs where the experiment has some."""
        own = self.block(experiment).own_parts(run)
        return {key: own[key] for key in OWN_NUMBERS if key in own}

    def _with_algorithm(self, experiment: str, run: str) -> Spec:
        algorithm = self.block(experiment).runs[run].algorithm
        return {**self.problem(experiment, run), "algorithm": dump(algorithm)}

    @functools.cache
    def _of(self, experiment: str, run: str | None) -> Experiment:
        """The experiment, or that of a run, which may have blocks of its own."""
        entry = self.block(experiment)
        if run is None:
            return entry
        if run not in entry.runs:
            raise ConfigError(f"experiments.{experiment} has no run {run!r}")
        return entry.of_run(run)

    def _path_of_run(self, template: str, experiment: str, run: str, batch: str) -> str:
        run_id = self.run_id(experiment, run)
        return template.format(experiment=experiment, run=run, run_id=run_id, batch=batch)

    @functools.cache
    def _known_batches(self, experiment: str) -> frozenset[str]:
        # Asked for every batch: with a list, the time would grow with the square of their number.
        return frozenset(self.batches(experiment))

    @functools.cache
    def _tables_of(self, name: str) -> list[Input]:
        return [
            Input(
                self.measurement_path(name, run, batch),
                (name, run),
                identity(self.measured(name, run, batch)),
            )
            for run in self.block(name).runs
            for batch in self.batches(name)
        ]
