"""summary: end values of every replicate, and how often and how fast runs diverge, as CSV."""

from sparsestep.artifacts.files import write_bytes
from sparsestep.artifacts.tables import read_tables
from sparsestep.report.divergence import tabulate
from sparsestep.report.end_values import summarise
from sparsestep.stages import job


def main(arguments):
    tables = read_tables(arguments.tables, arguments.spec["tables"])
    divergence = tabulate(tables, arguments.spec["perturbed"])
    for path, table in ((arguments.output, summarise(tables)), (arguments.divergence, divergence)):
        text = table.to_csv(index=False, na_rep="nan", lineterminator="\n")
        write_bytes(path, text.encode())


if __name__ == "__main__":
    job.run("summary", main, "tables", "output", "divergence")
