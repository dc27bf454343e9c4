"""Ids of the settings in config.yaml, for findings that were seen under them alone.

    python -m sparsestep.settings

prints a line for each experiment, sweep, and simulation, and one for the runs of each experiment,
however often they are repeated and whatever is measured. What is for display changes none.
"""

import argparse
import sys

from sparsestep.errors import ConfigError
from sparsestep.unused import read_plan, while_read


def main() -> None:
    """Print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--configfile", nargs="+", default=[], help="as for snakemake: what is put over config.yaml"
    )
    options = parser.parse_args()
    try:
        found = read_plan(options.configfile).report.settings()
    except ConfigError as error:
        sys.exit(f"sparsestep: {error}")
    with while_read():
        for name, settings_id in found.items():
            print(f"{settings_id}  {name}")


if __name__ == "__main__":
    main()
