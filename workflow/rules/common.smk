"""The plan that all rules ask.

INPUTS: config.yaml. OUTPUTS: `plan` (see src/sparsestep/plan.py), global wildcard constraints.
"""

import os
from pathlib import Path

from snakemake.exceptions import WorkflowError

from sparsestep.environment import set_for_jobs
from sparsestep.errors import ConfigError
from sparsestep.locking import release_stale_lock
from sparsestep.plan import WILDCARDS, Plan, check_results_writable

set_for_jobs(SOURCES)

# Relative to where Snakemake runs, so that a copy of the whole folder finds nothing to redo.
PAGES = os.path.relpath(Path(workflow.basedir) / "workflow" / "report")

try:
    check_results_writable(Path("results"))
    plan = Plan(config)
    release_stale_lock(Path(".snakemake"))
except ConfigError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    **WILDCARDS,
