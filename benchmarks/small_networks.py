"""Speed of training, rank counting and the workflow on the experiment `diagonal` of config.yaml.

Run by `make benchmark`. Ratios are a peer's median over ours, timed in the same rounds.
"""

# First: it limits linear algebra to one thread, which is read when NumPy is imported.
import sparsestep.stages  # noqa: F401

# isort: split

import os
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks import peers, ranks, workflow
from benchmarks.timing import Row, medians, print_header, print_table
from sparsestep import schedules
from sparsestep.artifacts import Problem
from sparsestep.plan import Plan
from sparsestep.problems import generate
from sparsestep.training import train

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENT, TRAINED, RANKED = "diagonal", "small", ("small", "decay-50")
THREADS = os.cpu_count() or 1
REPETITIONS = {"sgd": 11, "gd": 5, "rank": 7, "workflow": 3}

# Peers must agree with us after this many updates, to this much in every parameter.
AGREEMENT_STEPS = 200
AGREEMENT = 1e-9


def main() -> None:
    """Print everything."""
    print_header()
    threads = peers.set_torch_threads()
    print(
        f"Threads: ours {THREADS}, one replicate each; BLAS of NumPy 1; PyTorch {threads} and JAX "
        "its own, their defaults"
    )
    if peers.jax is None:
        print("JAX not installed: pip install -e .[benchmark]")
    plan = Plan(yaml.safe_load((ROOT / "config.yaml").read_text()))
    first, _, last = plan.batches(EXPERIMENT)[0].partition("-")
    batch = {"replicates": [int(first), int(last)]}
    problem = generate({**plan.problem(EXPERIMENT), **batch})
    spec = {**plan.run(EXPERIMENT, TRAINED), **batch}
    _, n, d = problem.x_train.shape
    sizes = f"d = {d}, n = {n}, float64, {len(problem.order)} replicates"
    for number, algorithm in enumerate(("sgd", "gd"), start=1):
        title = {"sgd": "SGD with batch size 1", "gd": "Full-batch gradient descent"}[algorithm]
        rows = training_rows(problem, {**spec, "algorithm": {"kind": algorithm}})
        print_table(f"{number}. {title}: {sizes}; us per replicate and step", rows)
    measured = {"measure": {"jacobian_rank": plan.experiments[EXPERIMENT].measure["jacobian_rank"]}}
    specs = {run: {**plan.run(EXPERIMENT, run), **batch, **measured} for run in RANKED}
    rows, agreement = ranks.compare(problem, specs, THREADS, REPETITIONS["rank"])
    print_table("3. Jacobian rank at all thresholds; ms per finite snapshot and replicate", rows)
    print("\n".join(agreement))
    rows = workflow.rows(ROOT, spec["schedule"]["step_size"], REPETITIONS["workflow"])
    print_table("4. The workflow, in a copy of the sources; s of wall time", rows)


def training_rows(problem: Problem, spec: dict[str, Any]) -> list[Row]:
    """Ours, with all threads and with one, and the peers; raises if a peer computes other values.

    Ours is timed on a whole run, with its snapshots; the peers do the first thousands of steps.
    """
    algorithm, iterations = spec["algorithm"]["kind"], spec["iterations"]
    step_sizes = schedules.from_spec(spec["schedule"]).step_sizes(iterations)
    others = peers.peers(problem, algorithm, step_sizes, THREADS)
    require_agreement(problem, spec, others)

    ours, alone = f"ours, {THREADS} threads", "ours, 1 thread"
    timed = {
        ours: lambda: train(problem, spec, THREADS),
        alone: lambda: train(problem, spec, 1),
        **{name: lambda peer=peer: peer.train(peer.steps) for name, peer in others.items()},
    }
    n = REPETITIONS[algorithm]
    seconds = medians(timed, n)
    updates = dict.fromkeys(timed, len(problem.order) * iterations)
    updates |= {name: peer.replicates * peer.steps for name, peer in others.items()}
    each = {name: 1e6 * seconds[name] / updates[name] for name in timed}
    targets = {}
    if algorithm == "sgd":
        plain = f"JAX lax.scan, vmap of {len(problem.order)}"
        targets = {plain: "ratio >= 10"}
        targets[ours] = "<= 0.1 us"
    return [
        Row(name, n, each[name], "us", each[name] / each[ours], targets.get(name, ""))
        for name in timed
    ]


def require_agreement(problem: Problem, spec: dict[str, Any], others: dict) -> None:
    """Raise RuntimeError unless every peer has our parameters after AGREEMENT_STEPS updates."""
    # Snapshots are taken before an iteration's update: this one is after AGREEMENT_STEPS updates.
    snapshots = {**spec["snapshots"], "first": AGREEMENT_STEPS + 1}
    trajectory = train(problem, {**spec, "snapshots": snapshots}, THREADS)
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


if __name__ == "__main__":
    main()
