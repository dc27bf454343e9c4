"""sweep_points: the ends of some points of a sweep over keys, for a batch of replicates."""

from sparsestep.artifacts.arrays import read_problem
from sparsestep.artifacts.surroundings import provenance
from sparsestep.artifacts.tables import write_table
from sparsestep.stages import job
from sparsestep.sweeps import code
from sparsestep.sweeps.points import run


def main(arguments):
    spec = arguments.spec
    code.require(code.points_code(spec), arguments.loaded)
    problem = None
    if arguments.problems:
        (path,) = arguments.problems
        problem = read_problem(path, job.problem_of({**spec["common"], **spec}))
    table = run(spec, arguments.threads, problem)
    source = provenance(spec, f"{arguments.code} {arguments.loaded}")
    write_table(arguments.output, table, source)


if __name__ == "__main__":
    job.run("sweep_points", main, "loaded", "problems", "output")
