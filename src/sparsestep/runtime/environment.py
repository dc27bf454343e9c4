"""Environment of the jobs that Snakemake starts."""

import os
import sys
from pathlib import Path

from sparsestep.errors import ConfigError


def set_for_jobs(sources: Path) -> None:
    """Let `python -m sparsestep...` mean these sources and the Python that runs now.

    So a workflow runs the code beside it, with its environment, also where neither is activated or
    installed. Jobs on a cluster read the Snakefile again and so do the same there. The working
    directory is not on the path of a job: a script there that is called `random` is not what
    Python's own modules import.

    Raises ConfigError for a folder that cannot be on a path.
    """
    os.environ["PYTHONSAFEPATH"] = "1"
    put_first("PYTHONPATH", str(sources))
    put_first("PATH", str(Path(sys.executable).parent))


def put_first(variable: str, folder: str) -> None:
    """Let a list of folders in the environment begin with this one."""
    if os.pathsep in folder:
        # Cut there, jobs would run another sparsestep that is installed, or none.
        raise ConfigError(
            f"{folder}: {variable} cannot hold a folder with {os.pathsep!r} in its name; rename it"
        )
    folders = os.environ.get(variable, "").split(os.pathsep)
    rest = [entry for entry in folders if entry and entry != folder]
    os.environ[variable] = os.pathsep.join([folder, *rest])
