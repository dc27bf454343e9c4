"""report: one page with figures, captions, verdicts, tables, published and end values."""

import io
from pathlib import Path

import pandas as pd

from sparsestep.artifacts.files import read_bytes, write_atomically
from sparsestep.artifacts.surroundings import describe
from sparsestep.report.page import build
from sparsestep.stages import job


def main(arguments):
    figures = {path.stem: (path.suffix, read_bytes(path)) for path in map(Path, arguments.figures)}
    captions = _texts(arguments.captions)
    # As text: numbers stand in the page as they stand in the table.
    tables = {Path(path).stem: _table(path, dtype=str) for path in arguments.tables}
    summary = _table(arguments.summary)
    template = Path(arguments.template).read_text("utf-8")
    page = build(
        arguments.spec,
        summary,
        figures,
        captions,
        template,
        claims=_table(arguments.verdict),
        tables=tables,
        notes=_texts(arguments.notes),
        findings=_texts(arguments.findings),
        surroundings=describe(),
        published=_table(arguments.published),
        divergence=_table(arguments.divergence),
        sweeps={Path(path).stem: _table(path) for path in arguments.sweeps},
    )
    write_atomically(arguments.output, page.encode())


def _table(path, **options):
    return pd.read_csv(io.BytesIO(read_bytes(path)), **options)


def _texts(paths):
    return {path.stem: path.read_text("utf-8") for path in map(Path, paths)}


if __name__ == "__main__":
    several = ("figures", "captions", "tables", "notes", "findings", "sweeps")
    tables = ("summary", "divergence", "verdict", "published")
    job.run("report", main, *several, "template", *tables, "output")
