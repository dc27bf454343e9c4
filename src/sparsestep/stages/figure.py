"""figure: one figure, in every format that is asked for."""

from pathlib import Path

from sparsestep.artifacts import write_atomically
from sparsestep.figures import plot, render
from sparsestep.stages import job
from sparsestep.tables import read_tables


def main(arguments):
    tables = read_tables(arguments.tables, arguments.spec["tables"])
    figure = plot(tables, arguments.spec)
    for path in map(Path, arguments.outputs):
        write_atomically(path, render(figure, path.suffix.removeprefix(".")))


if __name__ == "__main__":
    job.run("figure", main, "tables", "outputs")
