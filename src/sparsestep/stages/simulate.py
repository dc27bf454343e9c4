"""simulate: the table of one simulation."""

from sparsestep.simulations import simulate
from sparsestep.stages import job
from sparsestep.storage import provenance
from sparsestep.tables import SIMULATION, write_table


def main(arguments):
    spec = arguments.spec
    table = simulate(spec, arguments.threads)
    write_table(arguments.output, table, provenance(spec, arguments.code), SIMULATION)


if __name__ == "__main__":
    job.run("simulate", main, "output")
