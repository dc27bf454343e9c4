"""Writes docs/processors.md with `--record`."""

from processors import table


def pytest_sessionfinish(session, exitstatus):
    """All settings were tried."""
    if session.config.getoption("--record") and exitstatus == 0:
        table.write()
