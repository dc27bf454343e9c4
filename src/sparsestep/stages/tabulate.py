"""tabulate: the short table of a simulation, as CSV."""

from sparsestep.artifacts.files import write_bytes
from sparsestep.artifacts.identity import identity
from sparsestep.artifacts.tables import SIMULATION, read_table
from sparsestep.simulations import summarise
from sparsestep.stages import job


def main(arguments):
    spec = arguments.spec
    table = read_table(arguments.table, identity(spec), SIMULATION)
    text = summarise(spec, table).to_csv(index=False, lineterminator="\n")
    write_bytes(arguments.output, text.encode())


if __name__ == "__main__":
    job.run("tabulate", main, "table", "output")
