"""The data dictionary as text: the part of results/README.md, and tables of the report.

python -m sparsestep.dictionary.pages      write that part anew
"""

from pathlib import Path
from typing import Any

from sparsestep.dictionary.metrics import METRICS, Definition
from sparsestep.dictionary.tables import TABLES

PATH = Path("results/README.md")
SUFFIXES = (
    "A metric of a layer or block ends in _layer<l>, _block<b> or _last, one at a further "
    "threshold in @<threshold>: feature_sparsity_layer2@0.95. NaN where a replicate has "
    "diverged, but for step_size, noise_level and what begins with predicted_."
)
NOTATION = (
    "h is the network's output, theta its P parameters, T the number of iterations, n the number "
    "of training samples, d of inputs; r_i = h(x_i) - y_i; phi is the Jacobian, whose row i is the "
    "gradient of h(x_i) by theta; beta = u * v are the effective weights of a diagonal network, "
    "beta* the true coefficients, S their support."
)
_HEADER = ("column", "definition", "values", "source")
# Around the part of the README that is written here.
START, END = "<!-- python -m sparsestep.dictionary.pages -->", "<!-- end -->"


def tables() -> list[dict[str, Any]]:
    """Title, header and rows of each table of the dictionary."""
    found = [_table("metrics", METRICS)]
    return found + [_table(name, columns) for name, columns in TABLES.items()]


def markdown() -> str:
    """All of it for results/README.md, with the lines around it."""
    lines = [START, "", _escaped(f"{SUFFIXES} {NOTATION}"), ""]
    for table in tables():
        lines += [f"### `{table['title']}`", "", _row(table["header"]), "|" + "---|" * len(_HEADER)]
        for name, *cells in table["rows"]:
            lines.append(_row([f"`{name}`", *map(_escaped, cells)]))
        lines.append("")
    return "\n".join([*lines, END])


def with_dictionary(readme: str) -> str:
    """The README with this part of it written anew; raises ValueError where it has none."""
    before, start, rest = readme.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"{PATH} has no part between {START} and {END}")
    return before + markdown() + after


def _table(title: str, columns: dict[str, Definition]) -> dict[str, Any]:
    return {
        "title": title,
        "header": list(_HEADER),
        "rows": [[name, *definition] for name, definition in columns.items()],
    }


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """The text for Markdown, in which bars end cells and stars, brackets, underscores mean more."""
    for mark in "\\|*_<>[]":
        text = text.replace(mark, f"\\{mark}")
    return text


if __name__ == "__main__":
    PATH.write_text(with_dictionary(PATH.read_text(encoding="utf-8")), encoding="utf-8")
