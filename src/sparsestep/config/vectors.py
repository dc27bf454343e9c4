"""Experiments whose networks take vectors: problems on disk, edges, small networks."""

from typing import TYPE_CHECKING, ClassVar

from sparsestep import registry
from sparsestep.config import kinds
from sparsestep.fields import Closed
from sparsestep.mistakes import Mistakes

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment
    from sparsestep.contracts import Network

# Where a problem says no other. Part of what decides where replicates lie: another number makes
# other files.
REPLICATES_PER_BATCH = 16
_OF_IMAGES = "is for networks on images; leave it out"


class Vectors:
    """The family of the small networks; see `families.Family`."""

    name = "vectors"
    has_problem_file = True
    # The notebooks' grid, the defaults of `snapshots:`.
    snapshots: ClassVar[dict[str, int | bool]] = {}

    def iterations(self, experiment: "Experiment") -> int:
        """T, as the experiment says."""
        return experiment.iterations

    def replicates_per_batch(self, problem: Closed) -> int:
        """How many replicates one job trains side by side."""
        return getattr(problem, "replicates_per_batch", REPLICATES_PER_BATCH)

    def loaded(self, experiment: "Experiment") -> list[tuple[str, str]]:
        """Nothing: figures import what they need of these networks."""
        return []

    def snapshots_mb(self, experiment: "Experiment", replicates: int) -> int:
        """0: jobs on vectors are given their memory whatever they keep."""
        return 0

    def check(self, experiment: "Experiment", mistakes: Mistakes) -> None:
        """Note each key that is for networks on images alone, and what is missing."""
        if experiment.epochs is not None:
            kind = kinds.written_kind("problem", experiment.problem.kind)
            mistakes.add(f"problem {kind!r} has none; give iterations", "epochs")
        elif experiment.iterations is None:
            mistakes.add("missing", "iterations")
        for option in ("bfloat16", "last"):
            if getattr(experiment.snapshots, option, False):
                mistakes.add(_OF_IMAGES, "snapshots", option)
                continue
            for name, run in experiment.runs.items():
                if getattr(run.snapshots, option, False):
                    mistakes.add(_OF_IMAGES, "runs", name, "snapshots", option)

    def network(self, experiment: "Experiment", mistakes: Mistakes) -> "Network | None":
        """The Network that measurements are checked with; None where something is wrong with it."""
        module = registry.load("model", experiment.model.kind)
        dimension = experiment.problem.dimension
        if hasattr(module, "mistakes") and (found := module.mistakes(experiment.model, dimension)):
            mistakes.add_all({("model", key): text for key, text in found.items()})
            return None
        _check_horizon(experiment, mistakes)
        return module.Network(experiment.model, dimension)


def _check_horizon(experiment: "Experiment", mistakes: Mistakes) -> None:
    """Note that no iteration is left to survive, where a run asks for its edge."""
    horizon, iterations = experiment.edge.horizon, experiment.iterations
    asked = any(run.is_relative for run in experiment.runs.values())
    if not asked or int(horizon * iterations) >= 1:
        return
    if "edge" in experiment.model_fields_set:
        mistakes.add(f"no iteration lies within {horizon} of iterations", "edge", "horizon")
    else:
        text = f"got {iterations}; edges are searched for within {horizon} of them, which is none"
        mistakes.add(text, "iterations")
