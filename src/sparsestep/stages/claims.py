"""claims: the paper's statements, tested on the replicates, as CSV."""

from sparsestep.artifacts.files import write_bytes
from sparsestep.artifacts.tables import read_tables
from sparsestep.claims import published
from sparsestep.claims.verdicts import judge
from sparsestep.stages import job


def main(arguments):
    tables = read_tables(arguments.tables, arguments.spec["tables"])
    found = published.add(judge(tables, arguments.spec), arguments.spec["experiments"])
    text = found.to_csv(index=False, na_rep="nan", lineterminator="\n")
    write_bytes(arguments.output, text.encode())


if __name__ == "__main__":
    job.run("claims", main, "tables", "output")
