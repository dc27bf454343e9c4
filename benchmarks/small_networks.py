"""Speed of training, measuring and the workflow on experiments of config.yaml.

Run by `make benchmark`. Ratios are a peer's median over ours, timed in the same rounds.
"""

# First: it limits linear algebra to one thread, which is read when NumPy is imported.
import sparsestep.stages  # noqa: F401

# isort: split

import os
from pathlib import Path
from typing import Any

import yaml

from benchmarks import (
    batches,
    measurements,
    optimisers,
    peers,
    ranks,
    relu_peers,
    sde,
    training,
    workflow,
)
from benchmarks.timing import print_header, print_table
from sparsestep import schedules
from sparsestep.artifacts.arrays import Problem
from sparsestep.models.mlp import Network, Spec
from sparsestep.plan import Plan
from sparsestep.plan.blocks import dumped
from sparsestep.problems import generate

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENT, TRAINED, RANKED = "diagonal", "small", ("small", "decay-50")
# Runs of ReLU networks, and at most how many us a step of a replicate may take.
RELU = {
    "relu_1d": ("decay-50", 0.08),
    "relu_teacher": ("small", 0.03),
    "relu_three_layer": ("small", 0.08),
}
# They are trained as one would go on: their own 10001 to 31623 iterations are over in 5 to 14 ms,
# about as long as a second thread needs to begin.
RELU_ITERATIONS = 200_000
MEASURED = ("relu_1d", "decay-50")
THREADS = os.cpu_count() or 1
REPETITIONS = {"sgd": 11, "gd": 5, "rank": 7, "relu": 15, "measure": 5, "sde": 7, "workflow": 3}


def main() -> None:
    """Print everything."""
    print_header()
    threads = peers.set_torch_threads()
    print(
        f"Threads: ours {THREADS}, one replicate each (eight of a ReLU network); BLAS of NumPy 1; "
        f"PyTorch {threads} and JAX its own, their defaults"
    )
    if peers.jax is None:
        print("JAX not installed: pip install -e .[benchmark]")
    plan = Plan(yaml.safe_load((ROOT / "config.yaml").read_text()))
    print_diagonal(plan)
    print_relu(plan)
    problem, sgd = case(plan, "sde_diagonal", "sgd")
    rows = sde.rows(problem, sgd, case(plan, "sde_diagonal", "sde")[1], THREADS, REPETITIONS["sde"])
    print_table("6. The SDE, Euler-Maruyama, sde_diagonal; us per replicate and update", rows)
    step_size = plan.experiments.run(EXPERIMENT, TRAINED)["schedule"]["step_size"]
    rows = workflow.rows(ROOT, step_size, REPETITIONS["workflow"])
    print_table("7. The workflow, in a copy of the sources; s of wall time", rows)


def print_diagonal(plan: Plan) -> None:
    """Training and Jacobian ranks of diagonal networks."""
    problem, spec = case(plan, EXPERIMENT, TRAINED)
    _, n, d = problem.x_train.shape
    sizes = f"d = {d}, n = {n}, float64, {len(problem.order)} replicates"
    for number, algorithm in enumerate(("sgd", "gd"), start=1):
        title = {"sgd": "SGD with batch size 1", "gd": "Full-batch gradient descent"}[algorithm]
        others = peers.peers(problem, algorithm, step_sizes(spec), THREADS)
        plain = f"JAX lax.scan, vmap of {len(problem.order)}"
        targets = {"ours": "<= 0.1 us", plain: "ratio >= 10"} if algorithm == "sgd" else {}
        of_algorithm = {**spec, "algorithm": {"kind": algorithm}}
        rows = training.rows(
            problem, of_algorithm, others, targets, THREADS, REPETITIONS[algorithm]
        )
        print_table(f"{number}. {title}: {sizes}; us per replicate and step", rows)
    measured = {"measure": {"jacobian_rank": spec["measure"]["jacobian_rank"]}}
    specs = {run: {**case(plan, EXPERIMENT, run)[1], **measured} for run in RANKED}
    rows, agreement = ranks.compare(problem, specs, THREADS, REPETITIONS["rank"])
    print_table("3. Jacobian rank at all thresholds; ms per finite snapshot and replicate", rows)
    print("\n".join(agreement))


def print_relu(plan: Plan) -> None:
    """Training of ReLU networks, and all measurements of one."""
    for part, (experiment, (run, target)) in zip("abc", RELU.items(), strict=True):
        problem, spec = case(plan, experiment, run, RELU_ITERATIONS)
        network = Network(Spec(**spec["model"]), problem.x_train.shape[-1])
        others = relu_peers.peers(problem, network, step_sizes(spec))
        targets = {
            "ours": f"<= {target} us",
            f"JAX lax.scan, vmap of {len(problem.order)}": "ratio >= 2.5",
        }
        rows = training.rows(problem, spec, others, targets, THREADS, REPETITIONS["relu"])
        sizes = f"layers {'-'.join(map(str, network.sizes))}, {len(problem.order)} replicates"
        title = f"4{part}. SGD with batch size 1, {experiment}: {sizes}"
        print_table(f"{title}; us per replicate and step", rows)
    optimisers.print_optimisers(plan)
    batches.print_batches(plan)
    problem, spec = case(plan, *MEASURED)
    rows, agreement = measurements.compare(problem, spec, THREADS, REPETITIONS["measure"])
    title = f"5. All measurements, {MEASURED[0]}: {problem.truth['x_fresh'].shape[1]} fresh inputs"
    print_table(f"{title}; ms per finite snapshot and replicate", rows)
    print("\n".join(agreement))


def case(
    plan: Plan, experiment: str, run: str, iterations: int | None = None
) -> tuple[Problem, dict[str, Any]]:
    """Problem of the first batch of an experiment, and spec of a run with what is measured.

    `iterations` stand for the experiment's own.
    """
    first, _, last = plan.experiments.batches(experiment)[0].partition("-")
    batch = {"replicates": [int(first), int(last)]}
    if iterations is not None:
        batch["iterations"] = iterations
    measured = {"measure": dumped(plan.config.experiments[experiment].measure)}
    problem = generate({**plan.experiments.problem(experiment), **batch})
    return problem, {**plan.experiments.run(experiment, run), **batch, **measured}


def step_sizes(spec: dict[str, Any]):
    """Of every iteration, (T,)."""
    return schedules.from_spec(spec["schedule"]).step_sizes(spec["iterations"])


if __name__ == "__main__":
    main()
