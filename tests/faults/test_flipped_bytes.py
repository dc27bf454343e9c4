"""A byte that changed on disk: named with the command that makes the file again, never read."""

import os
import random
import re
import shlex
import shutil
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from survived import record

from faults.everything import artefacts, volume
from sparsestep.artifacts import arrays, tables
from sparsestep.artifacts.files import read_bytes
from sparsestep.errors import ArtifactError

FLIPS = 200


class Kind(NamedTuple):
    """A kind of artefact: where it lies, how it is read."""

    pattern: str
    read: object


KINDS = {
    "dataset": Kind("data/*.safetensors", arrays.read_dataset),
    "problem": Kind("problems/*/*.safetensors", arrays.read_problem),
    "edges": Kind("edges/*/*.safetensors", arrays.read_edges),
    "trajectory": Kind("runs/digits/*/*/trajectory.safetensors", arrays.read_trajectory),
    "measurements": Kind("runs/first/sde*/*/measurements.parquet", tables.read_table),
    "simulation": Kind(
        "simulations/settling*.parquet",
        lambda path: tables.read_table(path, content=tables.SIMULATION),
    ),
    "short table": Kind("tables/*.csv", read_bytes),
    "end values": Kind("summary.csv", read_bytes),
    "divergence": Kind("divergence.csv", read_bytes),
    "verdicts": Kind("claims.csv", read_bytes),
    "published values": Kind("published.csv", read_bytes),
    "figure": Kind("figures/curves.svg", read_bytes),
}


def path_of(workflow, kind):
    return next((workflow.folder / "results").glob(KINDS[kind].pattern))


def same(one, other):
    """Whether two artefacts hold the same values, types included."""
    if isinstance(one, pd.DataFrame):
        return one.equals(other) and list(one) == list(other) and all(one.dtypes == other.dtypes)
    if isinstance(one, bytes):
        return one == other
    if isinstance(one, np.ndarray):
        floats = one.dtype.kind == "f"
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=floats)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if hasattr(one, "__dataclass_fields__"):
        return same(vars(one), vars(other))
    return one == other


def flip(path, draw, position=None):
    """Change one byte, and not the file's time: what a disk does, not a user."""
    data, times = bytearray(path.read_bytes()), path.stat()
    data[draw.randrange(len(data)) if position is None else position] ^= draw.randrange(1, 256)
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.fixture(scope="module")
def counted():
    """How many flips were tried over all kinds, and how many of them changed nothing."""
    return {"tried": 0, "harmless": 0, "kinds": set()}


@pytest.mark.parametrize("kind", KINDS)
def test_flips(reference, tmp_path, counted, kind):
    draw = random.Random(kind)
    original = path_of(reference.workflow, kind)
    expected = KINDS[kind].read(original)
    path = tmp_path / original.name
    for copied in original.parent.glob(f"*{original.name}*"):
        shutil.copy2(copied, tmp_path)
    data = original.read_bytes()
    for trial in range(FLIPS):
        path.write_bytes(data)
        # Half of them in headers: at the beginning of a safetensors file, at the end of Parquet.
        near = trial % 2 and draw.randrange(min(len(data), 1000))
        flip(path, draw, (-near if original.suffix == ".parquet" else near) if near else None)
        try:
            read = KINDS[kind].read(path)
        except ArtifactError as error:
            said = str(error)
        else:
            assert same(read, expected), f"wrong values after flip {trial}"
            counted["harmless"] += 1
            continue
        way_out = f"; rebuild it with: snakemake --cores all --force {path}"
        assert re.fullmatch(f"{re.escape(str(path))}: .+{re.escape(way_out)}", said)
    counted["tried"] += FLIPS
    counted["kinds"].add(kind)
    record(
        "a byte of an artefact flips",
        f"{counted['tried']} random flips in {len(counted['kinds'])} kinds of files: "
        f"{counted['tried'] - counted['harmless']} refused with the file's name, "
        f"{counted['harmless']} in padding and statistics, where the values read are the same; "
        "wrong values: 0",
    )


# What reads a kind: missing, so that it must be made from the damaged file.
DOWNSTREAM = {
    "dataset": "runs/digits/*/*/trajectory.safetensors",
    "problem": "runs/first/decay*/*/trajectory.safetensors",
    "edges": "runs/first/decay*/*/trajectory.safetensors",
    "trajectory": "runs/digits/*/*/measurements.parquet",
    "measurements": "claims.csv",
    "simulation": "tables/settling.csv",
    "verdicts": "report.html",
}


# Rounds, because a job that reads several stops at the first, and does not start where an input
# is to be made.
ROUNDS = [
    ("dataset", "edges", "simulation"),
    ("problem", "trajectory"),
    ("measurements",),
    ("verdicts",),
]


@pytest.mark.parametrize("kinds", ROUNDS, ids="-".join)
def test_through_snakemake(reference, tmp_path, counted, kinds):
    workflow = reference.workflow.copy(tmp_path / "flipped")
    results = workflow.folder / "results"
    draw = random.Random(0)
    missing = [next(results.glob(DOWNSTREAM[kind])) for kind in kinds]
    for kind in kinds:
        path = path_of(workflow, kind)
        # In the values: at the end of a safetensors file, at the beginning of Parquet and texts.
        flip(path, draw, -1 if path.suffix == ".safetensors" else 40)
    for path in missing:
        path.unlink()
    targets = [str(path.relative_to(workflow.folder)) for path in missing]
    done = workflow.snakemake("--cores", "2", "--keep-going", *targets)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout
    commands = set(re.findall(r"results/.*; rebuild it with: snakemake (.*)", done.stdout))
    damaged = {str(path_of(workflow, kind).relative_to(workflow.folder)) for kind in kinds}
    assert {shlex.split(command)[-1] for command in commands} == damaged, done.stdout
    for command in commands:
        workflow.run(*shlex.split(command))
    workflow.run("--cores", "2")
    assert artefacts(workflow) == reference.files
    counted.setdefault("repaired", []).extend(kinds)
    record(
        "... and a job is to read it",
        f"{', '.join(counted['repaired'])}: each named by Snakemake's output; after the commands "
        f"printed there and the plain one {volume(reference.files)} identical",
    )
