"""Networks on vectors and networks on images: all that experiments do differently."""

from typing import TYPE_CHECKING, Any, Protocol

from sparsestep import registry
from sparsestep.config import kinds
from sparsestep.config.vectors import Vectors
from sparsestep.fields import Closed
from sparsestep.images.family import Images
from sparsestep.mistakes import Mistakes, Path

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

    def snapshots_mb(self, experiment: "Experiment", replicates: int) -> int:
        """Size of the snapshots of a job of as many replicates in MB (10^6 bytes).

        Where its memory depends on it.
        """

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


def wrong_kinds(experiment: dict[str, Any]) -> dict[Path, str]:
    """What is wrong with the kinds of problem, model and algorithms, by path; all else unchecked.

    Of each, the valid kinds are those that go with the others. A model that does not take what the
    problem hands out is told alone: which algorithms there are follows from it.
    """
    blocks = {role: experiment.get(role) for role in ("problem", "model")}
    known = {
        role: block["kind"]
        for role, block in blocks.items()
        if isinstance(block, dict) and not kinds.wrong_kind(role, block, registry.kinds(role))
    }
    found: dict[Path, str] = {}
    for role, other in (("problem", "model"), ("model", "problem")):
        if isinstance(blocks[role], dict) and role not in known:
            of = registry.family(other, known[other]) if other in known else None
            found[role, "kind"] = kinds.wrong_kind(role, blocks[role], kinds_of(role, of))
    if len(known) == 2:
        hands_out, takes = (registry.family(role, known[role]) for role in ("problem", "model"))
        if hands_out != takes:
            valid = ", ".join(kinds_of("model", hands_out))
            text = f"got {known['model']!r}, which takes {takes}; valid here: {valid}"
            return {("model", "kind"): text}
        if takes == "images" and (text := registry.lacking("network", known["model"])):
            found["model", "kind"] = text
    if "model" in known:
        found |= _wrong_algorithms(experiment.get("runs"), known["model"])
    return found


def kinds_of(role: str, family: str | None) -> list[str]:
    """The kinds of problems or models of a family, or of all."""
    found = registry.kinds(role)
    return [kind for kind in found if family in (None, registry.family(role, kind))]


def _wrong_algorithms(runs: Any, model: str) -> dict[Path, str]:
    found: dict[Path, str] = {}
    for name, run in runs.items() if isinstance(runs, dict) else ():
        if not isinstance(run, dict):
            continue
        own = run.get("model")
        if isinstance(own, dict) and own.get("kind", model) != model:
            # Told of the run's own model (`config/experiments.py`).
            continue
        valid = kinds.algorithms(model)
        path = ("runs", name, "algorithm")
        algorithm = run.get("algorithm", {"kind": "sgd"})
        if "algorithm" not in run and "sgd" not in valid:
            # The default is none of them.
            found[path] = f"missing; valid kinds: {', '.join(valid)}"
        elif isinstance(algorithm, dict) and (
            text := kinds.wrong_kind("algorithm", algorithm, valid)
            or registry.lacking("trainer", algorithm["kind"], model)
        ):
            found[*path, "kind"] = text
    return found
