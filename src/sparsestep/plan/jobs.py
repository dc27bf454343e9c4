"""Params of every job: its spec, and the fingerprint of the code that it runs."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sparsestep.artifacts import fingerprint
from sparsestep.artifacts.identity import canonical_json, identity
from sparsestep.errors import ConfigError
from sparsestep.plan import batches, datasets
from sparsestep.plan.blocks import Spec
from sparsestep.plan.experiments import Experiments
from sparsestep.plan.figures import Figures
from sparsestep.plan.published import Published
from sparsestep.plan.report import Report
from sparsestep.plan.simulations import Simulations
from sparsestep.plan.sweeps import Sweeps
from sparsestep.sweeps.code import images_code, points_code

if TYPE_CHECKING:
    from snakemake.io import Wildcards


class Jobs:
    """The params `spec` and `code` of the jobs of each stage, from the wildcards of its rule."""

    def __init__(
        self,
        experiments: Experiments,
        sweeps: Sweeps,
        simulations: Simulations,
        figures: Figures,
        report: Report,
        published: Published,
    ):
        self._experiments = experiments
        self._sweeps = sweeps
        self._simulations = simulations
        # By stage, a module of sparsestep.stages each.
        self._specs: dict[str, Callable[[Wildcards], Spec]] = {
            "prepare": self._prepared,
            "generate": self._generated,
            "calibrate": self._calibrated,
            "train": self._trained,
            "measure": self._measured,
            # Networks on images have commands of their own.
            "train_images": lambda at: sweeps.images.spec(
                at.experiment, at.run, at.run_id, at.batch
            ),
            "measure_images": self._measured,
            "sweep": lambda at: sweeps.phases.chunk(at.sweep, at.chunk, at.batch),
            "collect": self._collected,
            "sweep_points": lambda at: sweeps.keys.chunk(at.sweep, at.chunk, at.batch),
            "sweep_images": lambda at: sweeps.keys.chunk(at.sweep, at.chunk, at.batch),
            "collect_points": self._collected,
            "simulate": self._simulated,
            "tabulate": lambda at: simulations.simulation(at.simulation),
            "figure": lambda at: figures.figure(at.figure),
            "summary": lambda at: report.summary(),
            "claims": lambda at: report.claims(),
            "published": lambda at: published.comparison(),
            "report": lambda at: report.report(),
        }

    def spec(self, stage: str) -> "Callable[[Wildcards], str]":
        """`spec` of the jobs of a stage: canonical JSON of all that decides what they write.

        Raises ConfigError for wildcards that do not follow from config.yaml.
        """
        return lambda wildcards: canonical_json(self._specs[stage](wildcards))

    def code(self, stage: str) -> "Callable[[Wildcards], str]":
        """`code` of the jobs of a stage: fingerprint of what they run."""
        return lambda wildcards: fingerprint.stage_code(stage, self._specs[stage](wildcards))

    def points_code(self, wildcards: "Wildcards") -> str:
        """Of a job of a sweep over keys: fingerprint of what its points load."""
        of = images_code if self._sweeps.keys.is_of_images(wildcards.sweep) else points_code
        return of(self._specs["sweep_points"](wildcards))

    def stages(self) -> list[str]:
        """Names of all stages."""
        return list(self._specs)

    def _prepared(self, at: "Wildcards") -> Spec:
        spec = datasets.spec(at.dataset)
        _require_current(at.dataset_id, identity(spec))
        return spec

    def _generated(self, at: "Wildcards") -> Spec:
        known = self._experiments.problems(at.experiment)
        if at.problem_id not in known:
            _require_current(at.problem_id, self._experiments.problem_id(at.experiment))
        spec = known[at.problem_id]
        return self._batched_or_swept(spec, at.experiment, at.batch)

    def _calibrated(self, at: "Wildcards") -> Spec:
        spec = self._edges_by_id(at.experiment).get(at.edges_id)
        if spec is None:
            raise ConfigError(f"id {at.edges_id} does not follow from config.yaml")
        return self._batched_or_swept(spec, at.experiment, at.batch)

    def _trained(self, at: "Wildcards") -> Spec:
        spec = self._experiments.run(at.experiment, at.run)
        _require_current(at.run_id, identity(spec))
        return self._experiments.batched(spec, at.experiment, at.batch)

    def _measured(self, at: "Wildcards") -> Spec:
        _require_current(at.run_id, self._experiments.run_id(at.experiment, at.run))
        return self._experiments.measured(at.experiment, at.run, at.batch)

    def _collected(self, at: "Wildcards") -> Spec:
        return {"tables": [of.made_from for of in self._sweeps.tables(at.sweep)]}

    def _simulated(self, at: "Wildcards") -> Spec:
        spec = self._simulations.simulation(at.simulation)
        _require_current(at.simulation_id, identity(spec))
        return spec

    def _batched_or_swept(self, spec: Spec, experiment: str, batch: str) -> Spec:
        """The spec for a batch of the experiment, or of a sweep of it."""
        of_sweeps = map(self._sweeps.batches, self._sweeps.of_experiment(experiment))
        batches.require(experiment, batch, self._experiments.batches(experiment), *of_sweeps)
        return batches.with_replicates(spec, batch)

    def _edges_by_id(self, experiment: str) -> dict[str, Spec]:
        """What decides the edges that runs and sweeps of an experiment need."""
        runs = self._experiments.block(experiment).runs
        specs = [self._experiments.edges(experiment, run) for run in runs]
        for name, entry in self._sweeps.phases.blocks.items():
            if entry.experiment == experiment and entry.edges:
                specs += [self._sweeps.phases.edges(name, at) for at in entry.decay_at]
        return {identity(spec): spec for spec in specs}


def _require_current(asked: str, current: str) -> None:
    if asked != current:
        raise ConfigError(f"id {asked} does not follow from config.yaml; now it is {current}")
