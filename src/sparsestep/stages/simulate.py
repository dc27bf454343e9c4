"""simulate: the table of one simulation."""

from sparsestep.artifacts.surroundings import provenance
from sparsestep.artifacts.tables import SIMULATION, write_table
from sparsestep.simulations import simulate
from sparsestep.stages import job


def main(arguments):
    spec = arguments.spec
    table = simulate(spec, arguments.threads)
    write_table(arguments.output, table, provenance(spec, arguments.code), SIMULATION)


if __name__ == "__main__":
    job.run("simulate", main, "output")
