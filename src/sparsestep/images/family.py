"""Experiments whose networks take images: data sets, epochs, a job a replicate or a few."""

from typing import TYPE_CHECKING, ClassVar

from sparsestep.fields import Closed
from sparsestep.mistakes import Mistakes
from sparsestep.training import snapshot_iterations

if TYPE_CHECKING:
    from sparsestep.config.blocks import Experiment

NO_EDGES = "edges of networks on images are not searched for"


class Images:
    """The family of the deep networks; see `config.families.Family`."""

    name = "images"
    # They draw their images from the data set, without a Problem on disk.
    has_problem_file = False
    # Every 5 % of the epochs.
    snapshots: ClassVar[dict[str, int | bool]] = {"first": 1, "evenly_spaced": 21, "last": True}

    def iterations(self, experiment: "Experiment") -> int:
        """T, as the experiment says, or that of its epochs."""
        if experiment.iterations is not None:
            return experiment.iterations
        return experiment.epochs * experiment.problem.iterations_per_epoch

    def replicates_per_batch(self, problem: Closed) -> int:
        """How many replicates one job trains, one after the other."""
        return problem.replicates_per_batch

    def loaded(self, experiment: "Experiment") -> list[tuple[str, str]]:
        """(role, kind) of what a figure loads to draw one of these networks."""
        model = experiment.model.kind
        return [("model", model), ("network", model), ("dataset", experiment.problem.dataset)]

    def snapshots_mb(self, experiment: "Experiment", replicates: int) -> int:
        """Size of the snapshots of a job of as many replicates, in MB (10^6 bytes)."""
        facts, kept = experiment.problem.facts, experiment.snapshots
        at = snapshot_iterations(experiment.iterations, kept.model_dump(mode="json"))
        numbers = experiment.model.numbers(facts.channels, facts.classes)
        width = 2 if kept.bfloat16 else 4
        return -(-replicates * len(at) * width * numbers // 10**6)

    def check(self, experiment: "Experiment", mistakes: Mistakes) -> None:
        """Note each key that does not go with images, and what is missing."""
        if experiment.epochs is None and experiment.iterations is None:
            mistakes.add("missing", "epochs")
        elif experiment.epochs is not None and experiment.iterations is not None:
            mistakes.add("must be absent where iterations are given", "epochs")
        if "edge" in experiment.model_fields_set:
            mistakes.add(f"{NO_EDGES}; leave it out", "edge")
        if experiment.replicates_per_job is not None:
            mistakes.add("a job trains one network on images; leave it out", "replicates_per_job")
        for name, run in experiment.runs.items():
            if run.edge is not None:
                mistakes.add(f"{NO_EDGES}; leave it out", "runs", name, "edge")
            if run.is_relative:
                text = f"must be a number: {NO_EDGES}"
                mistakes.add(text, "runs", name, "schedule", "step_size")

    def network(self, experiment: "Experiment", mistakes: Mistakes) -> Closed:
        """The model's Spec, with which measurements are checked: the network is large to build."""
        problem, model = experiment.problem, experiment.model
        if problem.batch_size * model.last_size(problem.facts.size) ** 2 < 2:
            text = "must be at least 2: batch norm needs two numbers of each channel"
            mistakes.add(text, "problem", "batch_size")
        return model
