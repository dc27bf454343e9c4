"""What every stage's command does around its one call: arguments, code check, errors."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from sparsestep import fingerprint
from sparsestep.errors import SparsestepError
from sparsestep.locking import counted_as_working


def run(stage: str, work: Callable[[argparse.Namespace], None], *paths: str) -> None:
    """Parse the command line of `stage`, check its code, call `work`, report errors in one line.

    Beside `--spec` (JSON), `--code` (fingerprint) and `--threads`, the command takes the options
    named in `paths`; a name that ends in "s" takes one or more paths. `work` gets the parsed
    arguments with `spec` as a dict.
    """
    parser = argparse.ArgumentParser(prog=f"python -m sparsestep.stages.{stage}")
    parser.add_argument("--spec", required=True, type=json.loads, help="JSON; see plan.py")
    parser.add_argument("--code", required=True, help="fingerprint of the code to run")
    parser.add_argument("--threads", type=int, default=1, help="replicates at a time")
    for path in paths:
        several = "*" if path.endswith("s") else None
        parser.add_argument(f"--{path}", required=True, nargs=several, metavar="PATH")
    arguments = parser.parse_args()
    try:
        _check_code(stage, arguments)
        with counted_as_working(Path(".snakemake")):
            work(arguments)
    except SparsestepError as error:
        sys.exit(f"sparsestep {stage}: {error}")
    except MemoryError as error:
        sys.exit(f"sparsestep {stage}: not enough memory: {error}")


def problem_of(spec: dict) -> dict:
    """The part of a later stage's spec that its problem was generated from."""
    return {key: spec[key] for key in ("problem", "model", "iterations", "replicates")}


def _check_code(stage: str, arguments: argparse.Namespace) -> None:
    # The plan was made when Snakemake started; a source edited since would be recorded as if it
    # had been the one planned with.
    current = fingerprint.stage_code(stage, arguments.spec)
    if current != arguments.code:
        raise SparsestepError(
            f"the sources changed while the workflow ran (planned {arguments.code}, now "
            f"{current}); start the same command again"
        )
