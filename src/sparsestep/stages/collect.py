"""collect: all end values of a sweep, as CSV."""

from sparsestep.artifacts.files import write_bytes
from sparsestep.artifacts.tables import read_sweeps
from sparsestep.stages import job


def main(arguments):
    names = [["sweep", made] for made in arguments.spec["tables"]]
    (table,) = read_sweeps(arguments.tables, names).values()
    text = table.to_csv(index=False, na_rep="nan", lineterminator="\n")
    write_bytes(arguments.output, text.encode())


if __name__ == "__main__":
    job.run("collect", main, "tables", "output")
