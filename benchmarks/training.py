"""Rows of the tables that compare our training with the peers', after checking that all agree."""

from typing import Any

import numpy as np

from benchmarks.timing import Row, medians
from sparsestep.artifacts.arrays import Problem
from sparsestep.training import train

# Peers must agree with us after this many updates, to this much in every parameter.
AGREEMENT_STEPS = 200
AGREEMENT = 1e-9


def rows(
    problem: Problem,
    spec: dict[str, Any],
    others: dict,
    targets: dict[str, str],
    threads: int,
    repetitions: int,
) -> list[Row]:
    """Ours, with all threads and with one, and the peers; raises if a peer computes other values.

    Ours is timed on a whole run, with its snapshots; the peers do the first thousands of steps.
    `others` are `peers.Peer` by name; `targets` are texts by a peer's name, or "ours".
    """
    require_agreement(problem, spec, others, threads)
    ours, alone = f"ours, {threads} threads", "ours, 1 thread"
    timed = {
        ours: lambda: train(problem, spec, threads),
        alone: lambda: train(problem, spec, 1),
        **{name: lambda peer=peer: peer.train(peer.steps) for name, peer in others.items()},
    }
    seconds = medians(timed, repetitions)
    updates = dict.fromkeys(timed, len(problem.order) * spec["iterations"])
    updates |= {name: peer.replicates * peer.steps for name, peer in others.items()}
    each = {name: 1e6 * seconds[name] / updates[name] for name in timed}
    targets = {**targets, ours: targets.get("ours", "")}
    return [
        Row(name, repetitions, each[name], "us", each[name] / each[ours], targets.get(name, ""))
        for name in timed
    ]


def require_agreement(problem: Problem, spec: dict[str, Any], others: dict, threads: int) -> None:
    """Raise RuntimeError unless every peer has our parameters after AGREEMENT_STEPS updates."""
    # Snapshots are taken before an iteration's update: this one is after AGREEMENT_STEPS updates.
    snapshots = {**spec["snapshots"], "first": AGREEMENT_STEPS + 1}
    trajectory = train(problem, {**spec, "snapshots": snapshots}, threads)
    expected = trajectory.parameters[:, list(trajectory.iterations).index(AGREEMENT_STEPS)]
    for name, peer in others.items():
        found = peer.train(AGREEMENT_STEPS)
        difference = np.abs(found - expected[: len(found)]).max()
        # So that NaN raises too.
        if not difference <= AGREEMENT:
            raise RuntimeError(
                f"{name}: parameters after {AGREEMENT_STEPS} steps of {spec['algorithm']['kind']} "
                f"differ from ours by {difference}, more than {AGREEMENT}"
            )
