"""A hundred replicates of ten small runs, from nothing: one job a run, and as it was before.

    python -m benchmarks.replicates [revision]

The peer is the workflow as it was at a revision without `replicates_per_job`, taken from the
repository's history, with the same config but for that key. Both are run in turn, in copies without
results, bytecode or compiled kernels.
"""

import io
import os
import re
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from benchmarks.timing import Row, print_header, print_table
from benchmarks.workflow import copy_sources

ROOT = Path(__file__).resolve().parents[1]
REVISION, REPETITIONS, TARGET = "06d38df", 2, 3.0
RUNS, REPLICATES, ITERATIONS = 10, 100, 5001


class Taken(NamedTuple):
    """Of a run of the workflow: its jobs; wall time, and processor time of all of them, in s."""

    jobs: int
    wall_time: float
    processor_time: float


def main() -> None:
    """Print both and their ratios."""
    revision = sys.argv[1] if len(sys.argv) > 1 else REVISION
    print_header()
    taken: dict[str, list[Taken]] = {"a job a run": [], f"as at {revision}": []}
    ours, before = taken.values()
    for _ in range(REPETITIONS):
        ours.append(_from_nothing(config(REPLICATES), lambda copy: copy_sources(ROOT, copy)))
        before.append(_from_nothing(config(None), lambda copy: _copy_revision(revision, copy)))
    rows = []
    for place, unit in enumerate(("", "s", "s")):
        of_ours = statistics.median(of[place] for of in ours)
        for what, all_of in taken.items():
            median = statistics.median(of[place] for of in all_of)
            target = f"ratio >= {TARGET:g}" if all_of is before and place < 2 else ""
            name = f"{Taken._fields[place].replace('_', ' ')}, {what}"
            rows.append(Row(name, len(all_of), median, unit, median / of_ours, target))
    title = f"{RUNS} runs of {ITERATIONS} iterations, {REPLICATES} replicates, from nothing"
    print_table(title, rows)


def config(per_job: int | None) -> dict[str, Any]:
    """Ten step sizes of the sparse regression, with a figure of their ends."""
    problem = {"kind": "sparse_regression", "n_train": 80, "n_test": 1000, "dimension": 200}
    problem |= {"support": 20, "data_seed": 0, "order_seed": 1, "vary": ["data", "order"]}
    many: dict[str, Any] = {
        "replicates": REPLICATES,
        "iterations": ITERATIONS,
        "problem": problem,
        "model": {"kind": "diagonal", "u": 0.1, "v": 0.0},
        "snapshots": {"first": 1, "evenly_spaced": 21},
        "runs": {
            f"a{n}": {"schedule": {"kind": "constant", "step_size": round(0.02 * (n + 1), 2)}}
            for n in range(RUNS)
        },
        "measure": {"losses": None, "sparse_recovery": None, "jacobian_rank": {"threshold": 1e-10}},
    }
    if per_job is not None:
        many["replicates_per_job"] = per_job
    figure = {"kind": "end_values", "experiment": "many", "panels": ["test_loss", "jacobian_rank"]}
    return {"experiments": {"many": many}, "figures": {"many": figure}}


def _from_nothing(content: dict[str, Any], copy: Any) -> Taken:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "copy"
        place.mkdir()
        copy(place)
        (place / "config.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        # A cache elsewhere would not be cold; the package is that of the copy.
        kept = {name: of for name, of in os.environ.items() if name != "NUMBA_CACHE_DIR"}
        environment = {**kept, "PYTHONPATH": str(place / "src")}
        command = [sys.executable, "-m", "snakemake", "--cores", str(os.cpu_count())]
        start, before = time.perf_counter(), _processor_time()
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
        wall, used = time.perf_counter() - start, _processor_time() - before
    told = done.stdout + done.stderr
    total = re.search(r"^total\s+(\d+)", told, flags=re.MULTILINE)
    if done.returncode != 0 or total is None:
        raise RuntimeError(f"snakemake failed with {done.returncode}:\n{told}")
    return Taken(int(total.group(1)), wall, used)


def _copy_revision(revision: str, copy: Path) -> None:
    """The files of a commit."""
    archive = subprocess.run(["git", "archive", revision], cwd=ROOT, capture_output=True)
    if archive.returncode != 0:
        raise SystemExit(f"the repository has no revision {revision}; clone it with its history")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(copy, filter="data")


def _processor_time() -> float:
    """Seconds of processor time, user's and system's, of all processes that have ended."""
    of = resource.getrusage(resource.RUSAGE_CHILDREN)
    return of.ru_utime + of.ru_stime


if __name__ == "__main__":
    main()
