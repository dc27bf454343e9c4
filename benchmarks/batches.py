"""Speed of SGD on batches with momentum on ReLU networks, beside one compiled loop in JAX.

`python -m benchmarks.batches [ROUNDS]` prints it alone; `benchmarks.small_networks` prints it too.
The peer is given the index sets; ours draws them in its timed loop, takes snapshots and looks for
divergence. Each round times all, one after the other. Others at work on a machine make times longer
and never shorter, so that the shortest of the rounds is printed too, and is what has a target.
"""

# First: it limits linear algebra to one thread, which is read when NumPy is imported.
import sparsestep.stages  # noqa: F401

# isort: split

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks import training
from benchmarks.peers import Peer, jax
from benchmarks.timing import Row, print_header, print_table, rounds
from sparsestep import algorithms, schedules
from sparsestep.artifacts.arrays import Problem
from sparsestep.models.mlp import Network, Spec
from sparsestep.plan import Plan
from sparsestep.problems import generate
from sparsestep.training import train
from sparsestep.training.batches import Batches

ROOT = Path(__file__).resolve().parents[1]
REPLICATES, ROUNDS = 16, 101
# Calls of ours and of the peer are short and last about as long, so that both find quiet moments.
ITERATIONS, PEER_STEPS = 5000, 1500
# As many an iteration as in a whole run.
SNAPSHOTS = {"first": 1, "evenly_spaced": 40}
THREADS = os.cpu_count() or 1
# Their step sizes are a tenth of these runs', as momentum multiplies them by ten.
RUNS = {"relu_1d": "decay-50", "relu_teacher": "small"}
ALGORITHM = {"kind": "batch_sgd", "batch_size": 16, "momentum": 0.9}


def main(repetitions: int) -> None:
    """Print the tables."""
    print_header()
    if jax is None:
        print("JAX not installed: pip install -e .[benchmark]")
    print_batches(Plan(yaml.safe_load((ROOT / "config.yaml").read_text())), repetitions)


def print_batches(plan: Plan, repetitions: int = ROUNDS) -> None:
    """SGD on batches of 16 with momentum, a table for each network."""
    for experiment, run in RUNS.items():
        batch = {"replicates": [0, REPLICATES - 1], "iterations": ITERATIONS}
        problem = generate({**plan.experiments.problem(experiment), **batch})
        spec = {**plan.experiments.run(experiment, run), **batch, "algorithm": ALGORITHM}
        spec["snapshots"] = SNAPSHOTS
        spec["schedule"] = {**spec["schedule"], "step_size": 0.1 * spec["schedule"]["step_size"]}
        network = Network(Spec(**spec["model"]), problem.x_train.shape[-1])
        others = {}
        if jax is not None:
            loop = jax_vmap(problem, network, spec)
            others[f"JAX lax.scan, vmap of {REPLICATES}"] = Peer(loop, REPLICATES, PEER_STEPS)
        sizes = f"layers {'-'.join(map(str, network.sizes))}, {REPLICATES} replicates"
        title = f"4e. SGD, batch size 16, momentum 0.9, {experiment}: {sizes}"
        rows = _rows(problem, spec, others, repetitions)
        print_table(f"{title}; us per replicate and step", rows, "time")


def _rows(problem: Problem, spec: dict[str, Any], others: dict[str, Peer], repetitions: int):
    """The shortest and the median time, and the least processor time, of ours and of the peers."""
    training.require_agreement(problem, spec, others, THREADS)
    ours = f"ours, {THREADS} threads"
    processor: dict[str, list[float]] = {}
    functions: dict[str, Callable[[], object]] = {
        ours: lambda: train(problem, spec, THREADS),
        "ours, 1 thread": lambda: train(problem, spec, 1),
        **{name: lambda peer=peer: peer.train(peer.steps) for name, peer in others.items()},
    }

    def noted(name: str) -> None:
        start = time.process_time()
        functions[name]()
        processor.setdefault(name, []).append(time.process_time() - start)

    wall = rounds({name: lambda name=name: noted(name) for name in functions}, repetitions)
    # The first call compiles.
    processor = {name: seconds[1:] for name, seconds in processor.items()}
    words = {
        "shortest": (wall, min),
        "median": (wall, statistics.median),
        "least processor time": (processor, min),
    }
    steps = dict.fromkeys(functions, spec["iterations"])
    steps |= {name: peer.steps for name, peer in others.items()}
    rows = []
    for word, (seconds, of) in words.items():
        each = {name: 1e6 * of(seconds[name]) / (REPLICATES * steps[name]) for name in functions}
        for name, time_of in each.items():
            target = "ratio >= 2.5" if name in others and word == "shortest" else ""
            ratio = time_of / each[ours]
            rows.append(Row(f"{name}: {word}", repetitions, time_of, "us", ratio, target))
    return rows


def jax_vmap(problem: Problem, network: Network, spec: dict[str, Any]):
    """All replicates in one compiled loop."""
    options = algorithms.from_spec(spec["algorithm"])
    x, y = jax.numpy.asarray(problem.x_train[0]), jax.numpy.asarray(problem.y_train[0])
    eta = jax.numpy.asarray(schedules.from_spec(spec["schedule"]).step_sizes(spec["iterations"]))
    samples = [Batches(problem, options, row).take(0, PEER_STEPS) for row in range(REPLICATES)]
    samples = jax.numpy.asarray(np.stack(samples))

    def loss(layers, i):
        hidden = x[i]
        for weight, bias in layers[:-1]:
            hidden = jax.nn.relu(_affine(weight, bias, hidden))
        return ((_affine(*layers[-1], hidden)[:, 0] - y[i]) ** 2).mean()

    def step(state, of_step):
        layers, velocity = state
        i, rate = of_step
        slopes = jax.grad(loss)(layers, i)
        velocity = jax.tree.map(lambda v, slope: options.momentum * v + slope, velocity, slopes)
        return (jax.tree.map(lambda p, v: p - rate * v, layers, velocity), velocity), None

    def replicate(layers, indices, rates):
        still = jax.tree.map(jax.numpy.zeros_like, layers)
        return jax.lax.scan(step, (layers, still), (indices, rates))[0][0]

    compiled = jax.jit(jax.vmap(replicate, in_axes=(0, 0, None)))
    theta0 = np.broadcast_to(problem.theta0, (REPLICATES, network.parameter_count))
    start = jax.tree.map(jax.numpy.asarray, network.layers(theta0))

    def descend(steps: int) -> np.ndarray:
        parts = jax.tree.leaves(compiled(start, samples[:, :steps], eta[:steps]))
        return np.concatenate([np.reshape(part, (REPLICATES, -1)) for part in parts], axis=1)

    return descend


def _affine(weight, bias, inputs):
    outputs = inputs @ weight.T
    return outputs if bias is None else outputs + bias


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
