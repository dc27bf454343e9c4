"""Figures of the suites that say what the workflow survives: printed at their end.

A test calls `record` when it has passed. `pytest --record` also writes what was recorded to
docs/survived.json and the table into docs/survives.md; `tests/unit/test_project.py` compares them.
"""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FILE = ROOT / "docs" / "survived.json"
_PAGE = ROOT / "docs" / "survives.md"
_BEGIN, _END = "<!-- written by pytest --record -->\n", "<!-- end -->\n"
_recorded: dict[str, str] = {}


def record(event: str, figures: str) -> None:
    """Say what was tried and counted for an event; a row of the table."""
    _recorded[event] = figures


def table() -> str:
    """The table, of docs/survived.json."""
    rows = json.loads(_FILE.read_text()).items()
    return "| what happens | what the suite tried |\n|---|---|\n" + "".join(
        f"| {event} | {figures} |\n" for event, figures in rows
    )


def table_shown() -> str:
    """What docs/survives.md shows now."""
    return _PAGE.read_text().split(_BEGIN)[1].split(_END)[0]


def write_table() -> None:
    """Put the table where docs/survives.md shows it."""
    before, rest = _PAGE.read_text().split(_BEGIN)
    _PAGE.write_text(before + _BEGIN + table() + _END + rest.split(_END)[1])


def pytest_addoption(parser):
    """An option of the suite."""
    parser.addoption(
        "--record", action="store_true", help="write the figures into docs/survives.md"
    )


def pytest_terminal_summary(terminalreporter, config):
    """Print what was recorded; with --record, write it down."""
    if not _recorded:
        return
    terminalreporter.section("survived")
    for event, figures in _recorded.items():
        terminalreporter.line(f"{event}: {figures}")
    if config.getoption("--record"):
        rows = json.loads(_FILE.read_text()) if _FILE.exists() else {}
        text = json.dumps({**rows, **_recorded}, indent=2, ensure_ascii=False)
        _FILE.write_text(text + "\n")
        write_table()
