"""config.yaml -> what there is to do: what every job is told. Pure, and fast to import.

What decides an artefact and where it lies: `plan/experiments.py` and `plan/figures.py`. A spec,
with the batch of replicates added, is the `spec` param of the Snakemake rule that makes it.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sparsestep.artifacts import fingerprint
from sparsestep.artifacts.identity import canonical_json, identity
from sparsestep.errors import ConfigError
from sparsestep.fields import NAME_PATTERN
from sparsestep.plan.experiments import Spec
from sparsestep.plan.figures import Figures

ID_PATTERN = "[0-9a-f]{12}"
BATCH_PATTERN = "[0-9]+-[0-9]+"

# For `wildcard_constraints:`. A run's name may hold digits and dashes; its id is what follows the
# last dash, of fixed length.
WILDCARDS = {
    "experiment": NAME_PATTERN,
    "run": NAME_PATTERN,
    "sweep": NAME_PATTERN,
    "simulation": NAME_PATTERN,
    "dataset": NAME_PATTERN,
    "figure": NAME_PATTERN,
    "dataset_id": ID_PATTERN,
    "problem_id": ID_PATTERN,
    "edges_id": ID_PATTERN,
    "run_id": ID_PATTERN,
    "sweep_id": ID_PATTERN,
    "chunk": ID_PATTERN,
    "simulation_id": ID_PATTERN,
    "batch": BATCH_PATTERN,
}


class Plan(Figures):
    """Everything that Snakemake's rules ask about a config."""

    def prepare_spec(self, wildcards: Any) -> str:
        """`spec` of a prepare job."""
        spec = self.dataset(wildcards.dataset)
        self._require_current(wildcards.dataset_id, identity(spec))
        return canonical_json(spec)

    def generate_spec(self, wildcards: Any) -> str:
        """`spec` of a generate job."""
        self._require_current(wildcards.problem_id, self._problem_id(wildcards.experiment))
        spec = self.problem(wildcards.experiment)
        return canonical_json(self._of_problem(spec, wildcards.experiment, wildcards.batch))

    def calibrate_spec(self, wildcards: Any) -> str:
        """`spec` of a calibrate job."""
        spec = self.edges_by_id(wildcards.experiment).get(wildcards.edges_id)
        if spec is None:
            raise ConfigError(f"id {wildcards.edges_id} does not follow from config.yaml")
        return canonical_json(self._of_problem(spec, wildcards.experiment, wildcards.batch))

    def train_spec(self, wildcards: Any) -> str:
        """`spec` of a train job."""
        spec = self._current_run(wildcards)
        return canonical_json(self._batched(spec, wildcards.experiment, wildcards.batch))

    def measure_spec(self, wildcards: Any) -> str:
        """`spec` of a measure job."""
        self._current_run(wildcards)
        return canonical_json(self.measured(wildcards.experiment, wildcards.run, wildcards.batch))

    # Networks on images have commands of their own.
    train_images_spec = train_spec
    measure_images_spec = measure_spec

    def simulate_spec(self, wildcards: Any) -> str:
        """`spec` of a simulate job."""
        spec = self.simulation(wildcards.simulation)
        self._require_current(wildcards.simulation_id, identity(spec))
        return canonical_json(spec)

    def tabulate_spec(self, wildcards: Any) -> str:
        """`spec` of a tabulate job."""
        return canonical_json(self.simulation(wildcards.simulation))

    def code(self, stage: str) -> Callable[[Any], str]:
        """`code` of the jobs of a stage, a function of wildcards: fingerprint of what they run."""
        spec = getattr(self, f"{stage}_spec")
        return lambda wildcards: fingerprint.stage_code(stage, json.loads(spec(wildcards)))

    def _current_run(self, wildcards: Any) -> Spec:
        run = self.run(wildcards.experiment, wildcards.run)
        self._require_current(wildcards.run_id, identity(run))
        return run

    def _require_current(self, asked: str, current: str) -> None:
        if asked != current:
            raise ConfigError(f"id {asked} does not follow from config.yaml; now it is {current}")


def check_results_writable(folder: Path) -> None:
    """Raise ConfigError when results cannot be written; nothing is created."""
    folder = Path(folder)
    nearest = folder.resolve()
    while not nearest.exists():
        nearest = nearest.parent
    if not nearest.is_dir():
        raise ConfigError(f"{folder} must be a folder that can be written, but {nearest} is a file")
    if not os.access(nearest, os.W_OK | os.X_OK):
        read_only = os.statvfs(nearest).f_flag & os.ST_RDONLY
        why = "read-only file system at" if read_only else "no permission for"
        raise ConfigError(f"{folder} cannot be written: {why} {nearest}")
