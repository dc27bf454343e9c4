"""Digests of the small networks' trajectories, and their comparison with those made elsewhere.

    snakemake check_trajectories

trains what is missing and compares it with workflow/trajectories.csv, which holds the digests of
every replicate of the small networks as config.yaml has them. What it runs is

    python -m sparsestep.reproduction REFERENCE TRAJECTORY ...

`--record` writes REFERENCE from the trajectories instead.
"""

import argparse
import csv
import hashlib
import io
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sparsestep import registry
from sparsestep.artifacts.arrays import Trajectory, read_trajectory
from sparsestep.artifacts.files import write_atomically
from sparsestep.artifacts.identity import identity
from sparsestep.errors import SparsestepError

# Hex digits of a digest: that two of the thousands of replicates agree by chance is out of the
# question.
_DIGITS = 12
_COLUMNS = ["run_id", "experiment", "run", "replicates"]


class Run(NamedTuple):
    """A run's digests, by replicate."""

    experiment: str
    run: str
    digests: dict[int, str]


class Comparison(NamedTuple):
    """Replicates that are the same bits; those that are not, as texts; runs nobody knows."""

    same: int
    different: list[str]
    unknown: list[str]


def digest(trajectory: Trajectory) -> str:
    """Digest, 12 hex digits, of a replicate: of every bit that its run computed.

    The snapshots' iterations, parameters and step sizes, where it diverged, the logged losses. All
    NaN count as one.
    """
    parts = [trajectory.iterations, trajectory.parameters, trajectory.step_sizes]
    parts += [trajectory.diverged_at]
    if trajectory.train_loss is not None:
        parts.append(trajectory.train_loss)
    return digest_of_arrays(*parts)


def digest_of_arrays(*arrays: np.ndarray) -> str:
    """Digest, 12 hex digits, of shapes and numbers; all NaN count as one."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.shape}".encode())
        kind = "<f8" if array.dtype.kind == "f" else "<i8"
        total.update(np.where(array != array, np.nan, array).astype(kind).tobytes())
    return total.hexdigest()[:_DIGITS]


def read_runs(paths: list[Path]) -> dict[str, Run]:
    """Digests of these files, by run id, but those of networks on images, which are not portable.

    Raises ArtifactError for a damaged one.
    """
    runs: dict[str, Run] = {}
    for path in paths:
        trajectory = read_trajectory(path)
        spec = dict(trajectory.spec)
        if registry.family("model", spec["model"]["kind"]) == "images":
            # Rounded by the library and the device.
            continue
        first, last = spec.pop("replicates")
        run_id = identity(spec)
        # .../<experiment>/<run>-<run_id>/<batch>/trajectory.safetensors
        folder = path.parent.parent
        name = folder.name.removesuffix(f"-{run_id}")
        run = runs.setdefault(run_id, Run(folder.parent.name, name, {}))
        for row, replicate in enumerate(range(first, last + 1)):
            run.digests[replicate] = digest(trajectory.of_replicate(row))
    return runs


def compare(runs: dict[str, Run], reference: dict[str, Run]) -> Comparison:
    """Which replicates are those of the reference; those that it does not have do not count."""
    same, different, unknown = 0, [], []
    for run_id, run in runs.items():
        if run_id not in reference:
            unknown.append(f"{run.experiment} {run.run}")
            continue
        known = reference[run_id].digests
        common = sorted(set(run.digests) & set(known))
        others = [replicate for replicate in common if run.digests[replicate] != known[replicate]]
        same += len(common) - len(others)
        if others:
            names = ", ".join(map(str, others))
            different.append(f"{run.experiment} {run.run}: replicates {names}")
    return Comparison(same, different, unknown)


def read_reference(path: Path) -> dict[str, Run]:
    """The digests that `record` wrote."""
    reference = {}
    for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))):
        digests = dict(enumerate(row["replicates"].split()))
        reference[row["run_id"]] = Run(row["experiment"], row["run"], digests)
    return reference


def record(path: Path, runs: dict[str, Run]) -> None:
    """Write the digests, a line a run; raises SparsestepError where replicates are missing."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for run_id, run in sorted(runs.items(), key=lambda entry: entry[1][:2]):
        if sorted(run.digests) != [*range(len(run.digests))]:
            raise SparsestepError(f"{run.experiment} {run.run}: its first replicates are missing")
        ordered = " ".join(run.digests[replicate] for replicate in sorted(run.digests))
        rows.writerow([run_id, run.experiment, run.run, ordered])
    write_atomically(path, text.getvalue().encode())


def main() -> None:
    """Compare, and fail where a bit differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], fromfile_prefix_chars="@")
    parser.add_argument("--record", action="store_true", help="write REFERENCE")
    parser.add_argument("reference", type=Path)
    parser.add_argument("trajectories", type=Path, nargs="*")
    options = parser.parse_args()
    try:
        runs = read_runs(options.trajectories)
        if options.record:
            record(options.reference, runs)
            return
        found = compare(runs, read_reference(options.reference))
    except SparsestepError as error:
        sys.exit(f"sparsestep: {error}")
    print(f"{found.same} replicates are, bit for bit, those of {options.reference}")
    if found.unknown:
        print(f"not there, because other settings made them: {', '.join(found.unknown)}")
    if found.different:
        sys.exit("sparsestep: other bits than there: " + "; ".join(found.different))


if __name__ == "__main__":
    main()
