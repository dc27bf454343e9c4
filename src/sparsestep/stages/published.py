"""published: what the paper's figures end with, beside our replicates, as CSV."""

from sparsestep.artifacts.files import write_bytes
from sparsestep.artifacts.tables import read_tables
from sparsestep.report.published import compare
from sparsestep.stages import job


def main(arguments):
    tables = read_tables(arguments.tables, arguments.spec["tables"])
    found = compare(tables, arguments.spec["published"])
    text = found.to_csv(index=False, na_rep="nan", lineterminator="\n")
    write_bytes(arguments.output, text.encode())


if __name__ == "__main__":
    job.run("published", main, "tables", "output")
