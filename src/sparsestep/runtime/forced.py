"""Runs that a user forces (`--force`, `--forcerun`, `--forceall`), made known to the jobs.

Through the environment, which Snakemake does not compare: a forced job computes all that it writes.
"""

import os
from typing import Any

_VARIABLE = "SPARSESTEP_FORCED"


def tell_jobs(settings: Any) -> None:
    """Let jobs know whether any of them is forced, by Snakemake's `dag_settings`."""
    options = ("forceall", "forcerun", "forcetargets")
    forced = any(getattr(settings, option, False) for option in options)
    os.environ[_VARIABLE] = "yes" if forced else ""


def is_forced() -> bool:
    """Whether this job may belong to a forced run."""
    return bool(os.environ.get(_VARIABLE))
