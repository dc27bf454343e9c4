"""The plan that all rules ask.

INPUTS: config.yaml. OUTPUTS: `plan` (see src/sparsestep/plan.py), global wildcard constraints.
"""

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# The sources beside this workflow, installed or not.
SOURCES = Path(workflow.basedir) / "src"
sys.path.insert(0, str(SOURCES))

from sparsestep.config import refuse_duplicate_keys
from sparsestep.environment import set_for_jobs
from sparsestep.errors import ConfigError
from sparsestep.locking import release_stale_lock
from sparsestep.plan import WILDCARDS, Plan, check_results_writable

set_for_jobs(SOURCES)

# Relative to where Snakemake runs, so that a copy of the whole folder finds nothing to redo.
PAGES = os.path.relpath(Path(workflow.basedir) / "workflow" / "report")

try:
    for path in workflow.configfiles:
        refuse_duplicate_keys(path)
    check_results_writable(Path("results"))
    plan = Plan(config)
    release_stale_lock(Path(".snakemake"))
except ConfigError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    **WILDCARDS,
