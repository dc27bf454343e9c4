"""Sibling batches: replicates that another batch of the same settings holds, taken over from there.

The last batch is as long as replicates are left, and another one as soon as their number changes:
what was 0-15 is 0-7 of eight, what was 16-23 of 24 is 16-31 of forty. A replicate's content depends
on no other, so that its rows are copied, bit for bit, and only the others are computed.

A sibling counts where all that decides its content is the same: spec, code, versions, machine, and
the same of each file that it was made from, as both files say; and where its checksum is right.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open

from sparsestep.artifacts.arrays import Problem
from sparsestep.artifacts.files import require_file
from sparsestep.artifacts.identity import identity
from sparsestep.artifacts.surroundings import provenance
from sparsestep.errors import ArtifactError
from sparsestep.runtime.forced import is_forced

# What comes of a file that is damaged, or somebody else's; it does no harm.
_NO_USE = (ArtifactError, SafetensorError, OSError, ValueError, TypeError, KeyError)
_NO_USE += (AttributeError, RecursionError)


class Rows(NamedTuple):
    """How an artefact with a row a replicate is read, taken apart, and put together."""

    read: Callable[[Path], Any]
    take: Callable[[Any, int], Any]
    join: Callable[[list[Any]], Any]


def source_of(spec: dict, code: str, inputs: list[str]) -> dict[str, Any]:
    """Provenance of what is made from these files, with what decided their content."""
    return {**provenance(spec, code), "inputs": [_origin(_header(path)) for path in inputs]}


def complete(
    output: str, source: dict[str, Any], rows: Rows, compute: Callable[[int, int], Any]
) -> tuple[Any, dict[str, Any]]:
    """An artefact whose replicates are those of siblings or computed, and its provenance.

    `compute` returns the artefact of the replicates first to last, both included.
    """
    first, last = source["spec"]["replicates"]
    known = {} if is_forced() else _known(output, source, rows)
    if not known:
        return compute(first, last), source
    parts = []
    for is_known, group in groupby(range(first, last + 1), key=known.__contains__):
        replicates = list(group)
        if is_known:
            parts += [known[each][1] for each in replicates]
        else:
            parts.append(compute(replicates[0], replicates[-1]))
    taken = {str(each): batch for each, (batch, _) in sorted(known.items())}
    print(f"taken over from other batches, by replicate: {json.dumps(taken)}", file=sys.stderr)
    return rows.join(parts), {**source, "taken": taken}


def replicates_of(problem: Problem, first: int, last: int) -> Problem:
    """The problem of these replicates of its batch alone."""
    start, end = problem.spec["replicates"]
    if (first, last) == (start, end):
        return problem

    def cut(array: np.ndarray) -> np.ndarray:
        # What all replicates share is there once.
        return array if len(array) == 1 else array[first - start : last + 1 - start]

    names = ("x_train", "y_train", "x_test", "y_test", "theta0", "order")
    parts = {name: cut(getattr(problem, name)) for name in names}
    truth = {name: cut(array) for name, array in problem.truth.items()}
    return replace(
        problem, **parts, truth=truth, spec={**problem.spec, "replicates": [first, last]}
    )


def _known(output: str, source: dict, rows: Rows) -> dict[int, tuple[str, Any]]:
    """What siblings hold of the replicates, with the sibling's name, by replicate."""
    first, last = source["spec"]["replicates"]
    found: dict[int, tuple[str, Any]] = {}
    for path, start, end in _beside(output, first, last):
        wanted = set(range(max(first, start), min(last, end) + 1)) - found.keys()
        try:
            theirs = _header(path)
            alike = theirs["spec"]["replicates"] == [start, end] and _alike(theirs, source)
            artefact = rows.read(path) if wanted and alike else None
        except _NO_USE:
            continue
        if artefact is not None:
            found |= {
                each: (f"{start}-{end}", rows.take(artefact, each - start)) for each in wanted
            }
    return found


def _beside(output: str, first: int, last: int) -> Iterator[tuple[Path, int, int]]:
    """Files of the same run, or of the same edges, with replicates between these two."""
    before, own, behind = output.rpartition(f"/{first}-{last}")
    if not own:
        return
    for path in sorted(Path(before).glob(f"*-*{behind}")):
        ends = re.fullmatch(rf"/(\d+)-(\d+){re.escape(behind)}", str(path)[len(before) :])
        if ends and str(path) != output:
            start, end = int(ends[1]), int(ends[2])
            if start <= last and end >= first:
                yield path, start, end


def _header(path: str | Path) -> dict[str, Any]:
    """Where a file's content comes from, as it says itself; its checksum is not looked at."""
    require_file(path)
    with safe_open(path, framework="numpy") as file:
        return json.loads(file.metadata()["sparsestep"])["source"]


def _alike(theirs: dict[str, Any], ours: dict[str, Any]) -> bool:
    return "inputs" in theirs and _origin(theirs) == _origin(ours)


def _origin(source: dict[str, Any]) -> str:
    """What decided a file's content, but for which replicates it holds and where it was made.

    The processor and libraries around it change no bit of a trajectory.
    """
    spec = {key: value for key, value in source["spec"].items() if key != "replicates"}
    others = ("host", "taken", "spec", "surroundings")
    rest = {key: value for key, value in source.items() if key not in others}
    return identity({**rest, "spec": spec})
