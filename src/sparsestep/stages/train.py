"""train: the trajectory of a batch of replicates of one run."""

from sparsestep.artifacts import provenance, read_edges, read_problem, write_trajectory
from sparsestep.stages import job
from sparsestep.training import train


def main(arguments):
    spec = arguments.spec
    upstream = {key: spec[key] for key in ("problem", "model", "iterations", "replicates")}
    problem = read_problem(arguments.problem, upstream)
    edges = None
    if arguments.edges:
        known = {key: spec[key] for key in (*upstream, "algorithm", "edge")}
        edges = read_edges(arguments.edges[0], known)
    trajectory = train(problem, spec, arguments.threads, edges)
    write_trajectory(arguments.output, trajectory, provenance(spec, arguments.code))


if __name__ == "__main__":
    job.run("train", main, "problem", "edges", "output")
