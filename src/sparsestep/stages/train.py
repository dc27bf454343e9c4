"""train: the trajectory of a batch of replicates of one run."""

from sparsestep.artifacts.arrays import read_edges, read_problem, read_trajectory, write_trajectory
from sparsestep.artifacts.surroundings import provenance
from sparsestep.stages import job
from sparsestep.training import train


def main(arguments):
    spec = arguments.spec
    problem = read_problem(arguments.problem, job.problem_of(spec))
    edges = other = None
    if arguments.edges:
        algorithm = spec.get("followed", spec)["algorithm"]
        known = {"algorithm": algorithm, "edge": spec["edge"]}
        edges = read_edges(arguments.edges[0], job.problem_of(spec) | known)
    if arguments.follows:
        upstream = {key: value for key, value in spec.items() if key != "followed"}
        other = read_trajectory(arguments.follows[0], upstream | spec["followed"])
    trajectory = train(problem, spec, arguments.threads, edges, other)
    write_trajectory(arguments.output, trajectory, provenance(spec, arguments.code))


if __name__ == "__main__":
    job.run("train", main, "problem", "edges", "follows", "output")
