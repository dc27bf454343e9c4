"""summary: the last snapshot's value of every metric of every replicate, as tidy CSV."""

from sparsestep.artifacts.files import write_bytes
from sparsestep.artifacts.tables import read_tables
from sparsestep.report.end_values import summarise
from sparsestep.stages import job


def main(arguments):
    tables = read_tables(arguments.tables, arguments.spec["tables"])
    text = summarise(tables).to_csv(index=False, na_rep="nan", lineterminator="\n")
    write_bytes(arguments.output, text.encode())


if __name__ == "__main__":
    job.run("summary", main, "tables", "output")
