"""Ids of the settings in config.yaml, for findings that were seen under them alone.

    python -m sparsestep.settings

prints a line for each experiment, sweep, and simulation, and one for the runs of each experiment,
however often they are repeated and whatever is measured. What is for display changes none.
"""

import sys

from sparsestep.errors import ConfigError
from sparsestep.unused import read_plan


def main() -> None:
    """Print them."""
    try:
        found = read_plan([]).report.settings()
    except ConfigError as error:
        sys.exit(f"sparsestep: {error}")
    for name, settings_id in found.items():
        print(f"{settings_id}  {name}")


if __name__ == "__main__":
    main()
