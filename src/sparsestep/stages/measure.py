"""measure: the measurement table of a batch of replicates of one run."""

from sparsestep.artifacts.arrays import read_problem, read_trajectory
from sparsestep.artifacts.surroundings import provenance
from sparsestep.artifacts.tables import write_table
from sparsestep.measures import measure
from sparsestep.stages import job


def main(arguments):
    spec = arguments.spec
    upstream = {key: value for key, value in spec.items() if key != "measure"}
    trajectory = read_trajectory(arguments.trajectory, upstream)
    problem = read_problem(arguments.problem, job.problem_of(spec))
    table = measure(problem, trajectory, spec, arguments.threads)
    write_table(arguments.output, table, provenance(spec, arguments.code))


if __name__ == "__main__":
    job.run("measure", main, "problem", "trajectory", "output")
