"""collect_points: the ends of all points of a sweep over keys, as CSV."""

import pandas as pd

from sparsestep.artifacts.files import write_bytes
from sparsestep.artifacts.tables import read_table
from sparsestep.stages import job


def main(arguments):
    made = zip(arguments.tables, arguments.spec["tables"], strict=True)
    table = pd.concat([read_table(path, spec_id) for path, spec_id in made], ignore_index=True)
    text = table.to_csv(index=False, na_rep="nan", lineterminator="\n")
    write_bytes(arguments.output, text.encode())


if __name__ == "__main__":
    job.run("collect_points", main, "tables", "output")
