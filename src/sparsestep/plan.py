"""config.yaml -> what there is to do: specs, ids, paths, targets. Pure, and fast to import.

A **spec** is a JSON object with everything that decides the content of an artefact, and nothing
else. Its hash is the id in the artefact's path; the same text is the `spec` param of the Snakemake
rule that makes it, with the batch of replicates added.
"""

import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sparsestep import config, config_claims, fingerprint, registry
from sparsestep.config_claims import Claims
from sparsestep.errors import ConfigError
from sparsestep.fields import NAME_PATTERN
from sparsestep.figures.needs import FigureSpec
from sparsestep.identity import canonical_json, identity
from sparsestep.schedules.edge import is_relative
from sparsestep.training import snapshot_iterations

ID_PATTERN = "[0-9a-f]{12}"
BATCH_PATTERN = "[0-9]+-[0-9]+"
REPLICATES_PER_BATCH = 16

# For `wildcard_constraints:`. A run's name may hold digits and dashes; its id is what follows the
# last dash, of fixed length.
WILDCARDS = {
    "experiment": NAME_PATTERN,
    "run": NAME_PATTERN,
    "simulation": NAME_PATTERN,
    "dataset": NAME_PATTERN,
    "figure": NAME_PATTERN,
    "dataset_id": ID_PATTERN,
    "problem_id": ID_PATTERN,
    "edges_id": ID_PATTERN,
    "run_id": ID_PATTERN,
    "simulation_id": ID_PATTERN,
    "batch": BATCH_PATTERN,
}

Spec = dict[str, Any]


class Plan:
    """Everything that Snakemake's rules ask about a config."""

    def __init__(self, raw: dict[str, Any]):
        self.config = config.load(raw)
        self.experiments = self.config.experiments
        self.simulations = self.config.simulations
        self.figures = self.config.figures

    # What decides the content -------------------------------------------------------------------

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

    def simulation(self, name: str) -> Spec:
        """What decides a simulation's table: its block of config.yaml."""
        if name not in self.simulations:
            raise ConfigError(f"config.yaml has no simulation {name!r}")
        return self.simulations[name]

    def dataset(self, name: str) -> Spec:
        """What decides a data set's arrays. Where its archive lies does not."""
        registry.module_name("dataset", name)
        return {"dataset": {"kind": name}}

    def batches(self, experiment: str) -> list[str]:
        """Path parts "first-last" of the replicates that one job handles.

        Batches start at multiples of `REPLICATES_PER_BATCH`, so that more replicates add batches.
        """
        count = self._entry(experiment).replicates
        starts = range(0, count, REPLICATES_PER_BATCH)
        return [f"{first}-{min(first + REPLICATES_PER_BATCH, count) - 1}" for first in starts]

    # Where it lies ------------------------------------------------------------------------------

    def problem_path(self, experiment: str, batch: str) -> str:
        """File with the Problem of a batch."""
        return f"results/problems/{experiment}-{self._problem_id(experiment)}/{batch}.safetensors"

    def dataset_path(self, name: str) -> str:
        """File with the images and labels of a data set."""
        return f"results/data/{name}-{identity(self.dataset(name))}.safetensors"

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

    def simulation_path(self, name: str) -> str:
        """File with the table of a simulation."""
        return f"results/simulations/{name}-{identity(self.simulation(name))}.parquet"

    def simulation_paths(self) -> list[str]:
        """The table of every simulation, in config order."""
        return [self.simulation_path(name) for name in self.simulations]

    def summary_paths(self) -> list[str]:
        """Short tables of the simulations that have one."""
        return [f"results/tables/{name}.csv" for name in self._summarised()]

    def summaries_by_kind(self) -> dict[str, list[str]]:
        """Names of the simulations that have a short table, by kind."""
        return _by_kind(self._summarised())

    def figure_inputs(self, figure: str) -> dict[str, list[str]]:
        """Files a figure is drawn from: `tables`, `problems`, `trajectories`, `simulations`."""
        return {what: [path for path, *_ in of] for what, of in self._sources(figure).items()}

    def claims_inputs(self) -> list[str]:
        """Measurement files of the experiments that claim something."""
        return [path for path, *_ in self._tables(self._claiming())]

    def figure_paths(self) -> list[str]:
        """Every figure in all its formats."""
        return [
            f"results/figures/{name}.{suffix}"
            for name, figure in self.figures.items()
            for suffix in self.figure_formats(figure["kind"])
        ]

    def shown_figure_paths(self) -> list[str]:
        """Every figure in the format that the report shows."""
        return [
            f"results/figures/{name}.{self.figure_formats(figure['kind'])[0]}"
            for name, figure in self.figures.items()
        ]

    def figure_formats(self, kind: str) -> tuple[str, ...]:
        """File formats of a kind of figure; the report shows the first."""
        return registry.load("figure", kind).Spec.FORMATS

    def figures_by_kind(self) -> dict[str, list[str]]:
        """Names of the figures of each kind that config.yaml has."""
        return _by_kind(self.figures)

    # What a job is told -------------------------------------------------------------------------

    def prepare_spec(self, wildcards: Any) -> str:
        """`spec` of a prepare job."""
        spec = self.dataset(wildcards.dataset)
        self._require_current(wildcards.dataset_id, identity(spec))
        return canonical_json(spec)

    def generate_spec(self, wildcards: Any) -> str:
        """`spec` of a generate job."""
        self._require_current(wildcards.problem_id, self._problem_id(wildcards.experiment))
        spec = self.problem(wildcards.experiment)
        return canonical_json(self._batched(spec, wildcards.experiment, wildcards.batch))

    def calibrate_spec(self, wildcards: Any) -> str:
        """`spec` of a calibrate job."""
        for run in self._entry(wildcards.experiment).runs:
            spec = self.edges(wildcards.experiment, run)
            if identity(spec) == wildcards.edges_id:
                return canonical_json(self._batched(spec, wildcards.experiment, wildcards.batch))
        raise ConfigError(f"id {wildcards.edges_id} does not follow from config.yaml")

    def train_spec(self, wildcards: Any) -> str:
        """`spec` of a train job."""
        spec = self._current_run(wildcards)
        return canonical_json(self._batched(spec, wildcards.experiment, wildcards.batch))

    def measure_spec(self, wildcards: Any) -> str:
        """`spec` of a measure job."""
        self._current_run(wildcards)
        return canonical_json(self._measured(wildcards.experiment, wildcards.run, wildcards.batch))

    def simulate_spec(self, wildcards: Any) -> str:
        """`spec` of a simulate job."""
        spec = self.simulation(wildcards.simulation)
        self._require_current(wildcards.simulation_id, identity(spec))
        return canonical_json(spec)

    def tabulate_spec(self, wildcards: Any) -> str:
        """`spec` of a tabulate job."""
        return canonical_json(self.simulation(wildcards.simulation))

    def figure_spec(self, wildcards: Any) -> str:
        """`spec` of a figure job: the figure's entry, and how to name and colour the runs."""
        name = wildcards.figure
        shown = {e: self._display(e) for e in self._figure(name).experiments()}
        sources = {what: [names for _, *names in of] for what, of in self._sources(name).items()}
        # The caption stands in the report, not in the figure.
        figure = {key: value for key, value in self.figures[name].items() if key != "caption"}
        return canonical_json({"figure": figure, "experiments": shown, "sources": sources})

    def summary_spec(self, wildcards: Any) -> str:
        """`spec` of the summary job: which table belongs to which experiment and run."""
        return canonical_json({"tables": [names for _, *names in self._tables()]})

    def claims_spec(self, wildcards: Any) -> str:
        """`spec` of the claims job: what each experiment claims, and about which runs."""
        shown = [
            {
                "name": name,
                "iterations": self._entry(name).iterations,
                "claims": self._entry(name).claims.model_dump(mode="json"),
                "runs": config_claims.compared(self._entry(name)),
            }
            for name in self._claiming()
        ]
        tables = [names for _, *names in self._tables(self._claiming())]
        return canonical_json({"experiments": shown, "tables": tables})

    def report_spec(self, wildcards: Any) -> str:
        """`spec` of the report job: figures, experiments and runs in config order."""
        # Lists, because canonical JSON sorts the keys of an object.
        figures = [
            {"name": name, **figure, "shows": self._shown_metrics(name)}
            for name, figure in self.figures.items()
        ]
        shown = [
            {"name": name, **self._display(name), "last_snapshot": self._last_snapshot(name)}
            for name in self.experiments
        ]
        parts = {"figures": figures, "experiments": shown, "tables": list(self._summarised())}
        return canonical_json({**parts, "simulations": self.simulations})

    def code(self, stage: str) -> Callable[[Any], str]:
        """`code` of the jobs of a stage, a function of wildcards: fingerprint of what they run."""
        spec = getattr(self, f"{stage}_spec")
        return lambda wildcards: fingerprint.stage_code(stage, json.loads(spec(wildcards)))

    # ---------------------------------------------------------------------------------------------

    def _summarised(self) -> dict[str, Spec]:
        with_table = registry.kinds("summary")
        return {name: s for name, s in self.simulations.items() if s["kind"] in with_table}

    def _with_algorithm(self, experiment: str, run: str) -> Spec:
        algorithm = self._entry(experiment).runs[run].algorithm
        return {**self.problem(experiment), "algorithm": algorithm}

    def _entry(self, experiment: str) -> config.Experiment:
        if experiment not in self.experiments:
            raise ConfigError(f"config.yaml has no experiment {experiment!r}")
        return self.experiments[experiment]

    @functools.cache
    def _problem_id(self, experiment: str) -> str:
        return identity(self.problem(experiment))

    @functools.cache
    def _run_folder(self, experiment: str, run: str) -> str:
        return f"results/runs/{experiment}/{run}-{identity(self.run(experiment, run))}"

    def _current_run(self, wildcards: Any) -> Spec:
        run = self.run(wildcards.experiment, wildcards.run)
        self._require_current(wildcards.run_id, identity(run))
        return run

    def _require_current(self, asked: str, current: str) -> None:
        if asked != current:
            raise ConfigError(f"id {asked} does not follow from config.yaml; now it is {current}")

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

    def _shown_metrics(self, figure: str) -> list[tuple[str, str]]:
        return sorted(set(config.figure_spec(self.figures[figure]).metrics().values()))

    def _last_snapshot(self, experiment: str) -> int:
        entry = self._entry(experiment)
        snapshots = entry.snapshots.model_dump(mode="json")
        return int(snapshot_iterations(entry.iterations, **snapshots)[-1])

    def _claiming(self) -> list[str]:
        return [name for name, entry in self.experiments.items() if entry.claims != Claims()]

    def _figure(self, figure: str) -> FigureSpec:
        if figure not in self.figures:
            raise ConfigError(f"config.yaml has no figure {figure!r}")
        return config.figure_spec(self.figures[figure])

    def _sources(self, figure: str) -> dict[str, list[tuple[str, ...]]]:
        """(path, experiment, run, id of the spec) of all that a figure needs; problems: no run."""
        spec = self._figure(figure)
        runs = {
            (name, run): None
            for name, wanted in spec.trajectories().values()
            for run in (self._entry(name).runs if wanted is None else [wanted])
        }
        return {
            "tables": self._tables(spec.tables()),
            "problems": [self._first_problem(name) for name in dict(list(runs))],
            "trajectories": [self._first_trajectory(name, run) for name, run in runs],
            "simulations": [
                (self.simulation_path(name), name, identity(self.simulation(name)))
                for name, _ in spec.simulations().values()
            ],
        }

    def _first_problem(self, name: str) -> tuple[str, str, str]:
        batch = self.batches(name)[0]
        made_from = self._batched(self.problem(name), name, batch)
        return self.problem_path(name, batch), name, identity(made_from)

    def _first_trajectory(self, name: str, run: str) -> tuple[str, str, str, str]:
        batch = self.batches(name)[0]
        made_from = self._batched(self.run(name, run), name, batch)
        return self.trajectory_path(name, run, batch), name, run, identity(made_from)

    def _display(self, experiment: str) -> Spec:
        entry = self._entry(experiment)
        runs = {
            name: {
                "label": run.label,
                "colour": run.colour,
                "schedule": self.schedule(experiment, name),
            }
            for name, run in entry.runs.items()
        }
        return {
            "title": entry.title,
            "iterations": entry.iterations,
            "replicates": entry.replicates,
            # A list, because canonical JSON sorts the keys of an object.
            "order": list(runs),
            "runs": runs,
        }


def _by_kind(blocks: dict[str, dict]) -> dict[str, list[str]]:
    """Names of the blocks of each kind."""
    kinds: dict[str, list[str]] = {}
    for name, block in blocks.items():
        kinds.setdefault(block["kind"], []).append(name)
    return kinds


def check_results_writable(folder: Path) -> None:
    """Raise ConfigError when results cannot be written; nothing is created."""
    folder = Path(folder)
    nearest = folder.resolve()
    while not nearest.exists():
        nearest = nearest.parent
    if not nearest.is_dir():
        raise ConfigError(f"{folder} must be a folder that can be written, but {nearest} is a file")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ConfigError(f"{folder} cannot be written: no permission for {nearest}")
