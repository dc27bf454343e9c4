"""report: one page with every figure, its caption, and the end values."""

from pathlib import Path

import pandas as pd

from sparsestep.artifacts import write_atomically
from sparsestep.report import build
from sparsestep.stages import job


def main(arguments):
    figures = {path.stem: (path.suffix, path.read_bytes()) for path in map(Path, arguments.figures)}
    captions = {Path(path).stem: Path(path).read_text("utf-8") for path in arguments.captions}
    summary = pd.read_csv(arguments.summary)
    template = Path(arguments.template).read_text("utf-8")
    page = build(arguments.spec, summary, figures, captions, template)
    write_atomically(arguments.output, page.encode())


if __name__ == "__main__":
    job.run("report", main, "figures", "captions", "template", "summary", "output")
