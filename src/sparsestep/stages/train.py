"""train: the trajectory of a batch of replicates of one run."""

from sparsestep.artifacts import provenance, read_edges, read_problem, write_trajectory
from sparsestep.stages import job
from sparsestep.training import train


def main(arguments):
    spec = arguments.spec
    problem = read_problem(arguments.problem, job.problem_of(spec))
    edges = None
    if arguments.edges:
        known = {key: spec[key] for key in ("algorithm", "edge")}
        edges = read_edges(arguments.edges[0], job.problem_of(spec) | known)
    trajectory = train(problem, spec, arguments.threads, edges)
    write_trajectory(arguments.output, trajectory, provenance(spec, arguments.code))


if __name__ == "__main__":
    job.run("train", main, "problem", "edges", "output")
