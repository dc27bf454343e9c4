"""Read-only folders: what is there can be looked at, and nothing is started.

Snakemake makes folders inside its own one, `.snakemake`, and saves what it has seen there, also for
a dry run or a summary: in a colleague's folder both ended in a PermissionError. There its records
are read through a temporary folder, which links to them. It also refuses to plan what would replace
a file that cannot be written, one file after the other; here a first job is refused, in one line.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import snakemake.api
import snakemake.jobs
import snakemake.workflow
from snakemake.exceptions import WorkflowError

# What Snakemake knows of finished and of interrupted jobs.
_RECORDS = ("metadata", "incomplete")


def look_through(view: Path, state: Path, require_results: Callable[[], None]) -> None:
    """Let Snakemake plan where results, or `state`, its own folder, cannot be written.

    `require_results` raises WorkflowError where that is so with results; who lets a job start calls
    it. Records are read in `view`.
    """
    try:
        require_results()
    except WorkflowError:
        snakemake.jobs.Job.check_protected_output = _plan_it
    state = state.absolute()
    nearest = state if state.exists() else state.parent
    if not os.access(nearest, os.W_OK | os.X_OK):
        _read_through(view, state, nearest, require_results)


async def _plan_it(job: snakemake.jobs.Job) -> None:
    """In place of a look at each of the files that a job would replace."""


def _read_through(
    view: Path, state: Path, nearest: Path, require_results: Callable[[], None]
) -> None:
    refusal = f"no job can be started: {nearest} cannot be written"
    view.mkdir(parents=True, exist_ok=True)
    for name in _RECORDS:
        if (state / name).is_dir() and not (view / name).exists():
            (view / name).symlink_to(state / name)

    class ReadOnly(snakemake.workflow.FilePersistence):
        """Records of jobs in a folder that cannot be written."""

        def __init__(self, **options: Any):
            super().__init__(**{**options, "path": view})

        @contextmanager
        def lock(self) -> Iterator[None]:
            if any(self.all_outputfiles()):
                require_results()
                raise WorkflowError(refusal)
            yield

        def cleanup_locks(self) -> None:
            raise WorkflowError(refusal)

    snakemake.workflow.FilePersistence = ReadOnly
