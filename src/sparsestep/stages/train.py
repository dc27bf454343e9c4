"""train: the trajectory of a batch of replicates of one run."""

from functools import partial

from sparsestep.algorithms.base import unperturbed
from sparsestep.artifacts.arrays import (
    Trajectory,
    read_edges,
    read_problem,
    read_trajectory,
    write_trajectory,
)
from sparsestep.stages import job, siblings
from sparsestep.training import starts, train


def main(arguments):
    spec = arguments.spec
    problem = read_problem(arguments.problem, job.problem_of(spec))
    edges = other = None
    if arguments.edges:
        algorithm = unperturbed(spec.get("followed", spec)["algorithm"])
        known = {"algorithm": algorithm, "edge": spec["edge"]}
        edges = read_edges(arguments.edges[0], job.problem_of(spec) | known)
    if arguments.follows:
        upstream = {key: value for key, value in spec.items() if key != "followed"}
        other = read_trajectory(arguments.follows[0], upstream | spec["followed"])

    def train_some(first, last):
        rows = range(first - spec["replicates"][0], last + 1 - spec["replicates"][0])
        of_edges = None if edges is None else edges[rows.start : rows.stop]
        of_other = other and Trajectory.joined([other.of_replicate(r) for r in rows], other.spec)
        of_problem = starts.perturbed(siblings.replicates_of(problem, first, last), spec)
        return train(of_problem, spec, arguments.threads, of_edges, of_other)

    inputs = [arguments.problem, *arguments.edges, *arguments.follows]
    source = siblings.source_of(spec, arguments.code, inputs)
    rows = siblings.Rows(
        read_trajectory, Trajectory.of_replicate, partial(Trajectory.joined, spec=spec)
    )
    trajectory, source = siblings.complete(arguments.output, source, rows, train_some)
    write_trajectory(arguments.output, trajectory, source)


if __name__ == "__main__":
    job.run("train", main, "problem", "edges", "follows", "output")
