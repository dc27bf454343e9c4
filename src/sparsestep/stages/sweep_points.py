"""sweep_points: the ends of some points of a sweep over keys, for a batch of replicates."""

from sparsestep.artifacts.arrays import read_problem
from sparsestep.artifacts.surroundings import provenance
from sparsestep.artifacts.tables import write_table
from sparsestep.errors import SparsestepError
from sparsestep.stages import job
from sparsestep.sweeps.code import points_code
from sparsestep.sweeps.points import run


def main(arguments):
    spec = arguments.spec
    if points_code(spec) != arguments.loaded:
        raise SparsestepError(
            "the sources changed while the workflow ran; start the same command again"
        )
    problem = None
    if arguments.problems:
        (path,) = arguments.problems
        problem = read_problem(path, job.problem_of({**spec["common"], **spec}))
    table = run(spec, arguments.threads, problem)
    source = provenance(spec, f"{arguments.code} {arguments.loaded}")
    write_table(arguments.output, table, source)


if __name__ == "__main__":
    job.run("sweep_points", main, "loaded", "problems", "output")
