"""figure: one figure, in every format that is asked for."""

from pathlib import Path

from sparsestep.artifacts import write_atomically
from sparsestep.figures import plot, render
from sparsestep.figures.sources import read_sources
from sparsestep.stages import job


def main(arguments):
    sources = read_sources(
        arguments.spec["sources"],
        arguments.tables,
        arguments.problems,
        arguments.trajectories,
        arguments.simulations,
    )
    figure = plot(sources, arguments.spec)
    for path in map(Path, arguments.outputs):
        write_atomically(path, render(figure, path.suffix.removeprefix(".")))


if __name__ == "__main__":
    job.run("figure", main, "tables", "problems", "trajectories", "simulations", "outputs")
