"""Networks on vectors and networks on images: all that experiments do differently."""

from typing import TYPE_CHECKING, Protocol

from sparsestep import registry
from sparsestep.config.vectors import Vectors
from sparsestep.fields import Closed
from sparsestep.images.family import Images
from sparsestep.mistakes import Mistakes

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment
    from sparsestep.contracts import Network


class Family(Protocol):
    """What an experiment asks of the kind of networks that it trains.

    Attributes:
        name: "vectors" or "images", what its problems hand out and its models take.
        has_problem_file: whether a job writes its Problem; else it is trained on a data set's file.
        snapshots: keys of `snapshots:` where an experiment does not say when parameters are kept.
    """

    name: str
    has_problem_file: bool
    snapshots: dict[str, int | bool]

    def iterations(self, experiment: "Experiment") -> int:
        """T of an experiment that `check` has passed."""

    def replicates_per_batch(self, problem: Closed) -> int:
        """How many replicates a job handles."""

    def loaded(self, experiment: "Experiment") -> list[tuple[str, str]]:
        """(role, kind) of what a figure of trajectories loads, beside what it imports."""

    def snapshots_mb(self, experiment: "Experiment") -> int:
        """Size of the snapshots of a job in MB (10^6 bytes), where its memory depends on it."""

    def check(self, experiment: "Experiment", mistakes: Mistakes) -> None:
        """Note each key of the experiment that this family does not know, or lacks."""

    def network(self, experiment: "Experiment", mistakes: Mistakes) -> "Network | Closed | None":
        """What measurements are checked with; None, and a note, where the parts do not fit."""


FAMILIES: dict[str, Family] = {"vectors": Vectors(), "images": Images()}


def family_of(problem: Closed) -> Family:
    """The family of experiments with this problem."""
    return FAMILIES[registry.family("problem", problem.kind)]


def go_together(problem: Closed, model: Closed) -> bool:
    """Whether the model takes what the problem hands out."""
    return registry.family("problem", problem.kind) == registry.family("model", model.kind)


def check(experiment: "Experiment", mistakes: Mistakes) -> None:
    """Note a model that does not take what the problem hands out, and what the family notes."""
    family, model = family_of(experiment.problem), experiment.model.kind
    if not go_together(experiment.problem, experiment.model):
        takes = registry.family("model", model)
        valid = [m for m in registry.kinds("model") if registry.family("model", m) == family.name]
        text = f"got {model!r}, which takes {takes}; valid here: {', '.join(valid)}"
        mistakes.add(text, "model", "kind")
    elif family.name == "images" and (text := registry.lacking("network", model)):
        mistakes.add(text, "model", "kind")
    family.check(experiment, mistakes)
