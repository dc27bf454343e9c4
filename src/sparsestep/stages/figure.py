"""figure: one figure, in every format that is asked for."""

from pathlib import Path

from sparsestep.artifacts.files import write_bytes
from sparsestep.figures import plot, render
from sparsestep.figures.sources import SOURCES, read_sources
from sparsestep.stages import job


def main(arguments):
    paths = {what: getattr(arguments, what) for what in SOURCES}
    sources = read_sources(arguments.spec["sources"], paths)
    figure = plot(sources, arguments.spec)
    for path in map(Path, arguments.outputs):
        write_bytes(path, render(figure, path.suffix.removeprefix(".")))


if __name__ == "__main__":
    job.run("figure", main, *SOURCES, "outputs")
