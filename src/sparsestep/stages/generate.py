"""generate: data, initial parameters and sampling order of a batch of replicates."""

from sparsestep.artifacts.arrays import write_problem
from sparsestep.artifacts.surroundings import provenance
from sparsestep.problems import generate
from sparsestep.stages import job


def main(arguments):
    problem = generate(arguments.spec)
    write_problem(arguments.output, problem, provenance(arguments.spec, arguments.code))


if __name__ == "__main__":
    job.run("generate", main, "output")
