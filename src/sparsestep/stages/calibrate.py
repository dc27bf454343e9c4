"""calibrate: the edge of every replicate of a batch."""

import numpy as np

from sparsestep.artifacts.arrays import read_edges, read_problem, write_edges
from sparsestep.stages import job, siblings
from sparsestep.training.edge import calibrate


def main(arguments):
    spec = arguments.spec
    problem = read_problem(arguments.problem, job.problem_of(spec))

    def calibrate_some(first, last):
        return calibrate(siblings.replicates_of(problem, first, last), spec, arguments.threads)

    source = siblings.source_of(spec, arguments.code, [arguments.problem])
    rows = siblings.Rows(read_edges, lambda edges, row: edges[row : row + 1], np.concatenate)
    edges, source = siblings.complete(arguments.output, source, rows, calibrate_some)
    write_edges(arguments.output, edges, source)


if __name__ == "__main__":
    job.run("calibrate", main, "problem", "output")
