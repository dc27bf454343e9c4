"""calibrate: the edge of every replicate of a batch."""

from sparsestep.artifacts.arrays import read_problem, write_edges
from sparsestep.artifacts.surroundings import provenance
from sparsestep.stages import job
from sparsestep.training.edge import calibrate


def main(arguments):
    spec = arguments.spec
    problem = read_problem(arguments.problem, job.problem_of(spec))
    edges = calibrate(problem, spec, arguments.threads)
    write_edges(arguments.output, edges, provenance(spec, arguments.code))


if __name__ == "__main__":
    job.run("calibrate", main, "problem", "output")
