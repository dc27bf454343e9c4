"""What is wrong with config.yaml as a file, said before Snakemake reads it: its message has no line.

INPUTS: config.yaml. OUTPUTS: `SOURCES`, the package beside this workflow, found first.
"""

import runpy
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# The sources beside this workflow, installed or not.
SOURCES = Path(workflow.basedir) / "src"
sys.path.insert(0, str(SOURCES))

# From its text, because its own bytecode may be damaged as any. Jobs find what this has made.
if workflow.is_main_process:
    bytecode = runpy.run_path(str(SOURCES / "sparsestep" / "runtime" / "bytecode.py"))
    if by_hand := bytecode["check"](SOURCES / "sparsestep"):
        raise WorkflowError(by_hand)

from sparsestep.config import text as config_file
from sparsestep.errors import ConfigError

try:
    for path in (Path(workflow.basedir) / "config.yaml", *workflow.configfiles):
        if Path(path).exists():
            config_file.check(path)
except ConfigError as error:
    raise WorkflowError(str(error)) from None
