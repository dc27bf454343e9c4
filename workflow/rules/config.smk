"""What is wrong with config.yaml as a file, said before Snakemake reads it: its message has no line.

INPUTS: config.yaml. OUTPUTS: none.
"""

from sparsestep.config import text as config_file
from sparsestep.errors import ConfigError

# A workflow that uses this one as a module may bring a config of its own.
CONFIG_FILES = [] if workflow.modifier.skip_configfile else [ROOT / "config.yaml"]

try:
    for path in (*CONFIG_FILES, *workflow.configfiles):
        if Path(path).exists():
            config_file.check(path)
except ConfigError as error:
    raise WorkflowError(str(error)) from None
