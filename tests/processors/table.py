"""docs/processors.md: which artefacts are the same bits under which setting of the processor."""

from pathlib import Path

from conftest import ROOT

PAGE = ROOT / "docs" / "processors.md"
_rows = {}

TEXT = Path(__file__).with_name("page.md")


def note(setting, same, same_counts, difference, medians):
    """What was seen under a setting."""
    _rows[setting] = (same, same_counts, difference, medians)


def page():
    """The page's text."""
    kinds = next(iter(_rows.values()))[0]
    header = ["setting", *kinds, "measured counts", "other measurements"]
    lines = [header, ["---"] * len(header)]
    for setting, (same, same_counts, difference, _) in _rows.items():
        cells = [_word(equal) for equal in (*same.values(), same_counts)]
        largest = f"{difference:.0e}" if difference else _word(None if difference is None else True)
        lines.append([setting, *cells, largest])
    return TEXT.read_text().format(table=_markdown(lines), medians=_markdown(_medians()))


def _word(equal):
    # What starts from other inputs was not compared.
    return "-" if equal is None else "equal" if equal else "**other**"


def _medians():
    yield ["run", "diverged of 16", "train loss", "test loss", "l0", "Jacobian rank", "settings"]
    yield ["---", *["--:"] * 6]
    seen = {}
    for _, _, _, medians in _rows.values():
        for run, numbers in medians.items():
            key = (run, *numbers)
            seen[key] = seen.get(key, 0) + 1
    for (run, *numbers), count in seen.items():
        yield [f"`{run}`", *(f"{number:.6g}" for number in numbers), str(count)]


def _markdown(lines):
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def write():
    """Write the page, where settings were tried."""
    if _rows:
        PAGE.write_text(page())
