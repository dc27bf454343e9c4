"""Timing in rounds, and the table and header that are printed."""

import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

PACKAGES = ("numpy", "numba", "torch", "jax")
_COLUMNS = "{:<52} {:>3} {:>10} {:<5} {:>8}  {}"


class Row(NamedTuple):
    """One line of a table; `ratio` is this median over ours, None where nothing is compared."""

    what: str
    n: int
    median: float
    unit: str
    ratio: float | None = None
    target: str = ""


def medians(timed: dict[str, Callable[[], object]], repetitions: int) -> dict[str, float]:
    """Median seconds of every function, by name."""
    return {name: statistics.median(of) for name, of in rounds(timed, repetitions).items()}


def rounds(timed: dict[str, Callable[[], object]], repetitions: int) -> dict[str, list[float]]:
    """Seconds of every function in every round, by name, after one untimed call that compiles.

    Each round calls every function once, so that a slow minute of the machine is shared by all
    instead of falling on one of them.
    """
    for function in timed.values():
        function()
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(repetitions):
        for name, function in timed.items():
            seconds[name].append(seconds_of(function))
    return seconds


def seconds_of(function: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def print_table(title: str, rows: list[Row], statistic: str = "median") -> None:
    """Print rows under a title and the names of the columns."""
    print(f"\n{title}")
    print(_COLUMNS.format("what", "n", statistic, "unit", "ratio", "target").rstrip())
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        median = f"{row.median:.4g}"
        line = _COLUMNS.format(row.what, row.n, median, row.unit, ratio, row.target)
        print(line.rstrip(), flush=True)


def print_header() -> None:
    """Print hardware, load and versions."""
    load = os.getloadavg()[0]
    print(f"CPU: {_cpu_model()}, {os.cpu_count()} cores; load average before the run: {load:.2f}")
    versions = [f"{name} {_version_or_missing(name)}" for name in PACKAGES]
    print(f"Python {platform.python_version()}, {', '.join(versions)}")


def _cpu_model() -> str:
    """The CPU's name; Linux keeps it in a file, elsewhere `platform` knows."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version_or_missing(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
