"""sweep: end values of some points of a sweep for a batch of replicates."""

from sparsestep.artifacts.arrays import read_problem
from sparsestep.artifacts.surroundings import provenance
from sparsestep.artifacts.tables import SWEEP, write_table
from sparsestep.stages import job
from sparsestep.sweeps.phases import run


def main(arguments):
    spec = arguments.spec
    problem = read_problem(arguments.problem, job.problem_of(spec))
    table = run(problem, spec, arguments.threads)
    write_table(arguments.output, table, provenance(spec, arguments.code), SWEEP)


if __name__ == "__main__":
    job.run("sweep", main, "problem", "output")
