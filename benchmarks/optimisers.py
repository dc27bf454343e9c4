"""Speed of the general path: Adam on all replicates of relu_teacher, and on networks with tanh.

`python -m benchmarks.optimisers` prints it alone; `benchmarks.small_networks` prints it too.
"""

# First: it limits linear algebra to one thread, which is read when NumPy is imported.
import sparsestep.stages  # noqa: F401

# isort: split

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from benchmarks import peers, training
from benchmarks.peers import Peer
from benchmarks.timing import print_header, print_table
from sparsestep import models
from sparsestep.artifacts.arrays import Problem
from sparsestep.plan import Plan
from sparsestep.problems import generate

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENT, RUN, REPLICATES = "relu_teacher", "small", 16
ITERATIONS, PEER_STEPS, REPETITIONS = 5000, 1000, 7
STEP_SIZE = 1e-3
# By title: further options of the model.
MODELS = {"ReLU": {}, "tanh": {"kind": "general_mlp", "activation": "tanh"}}
_ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}


def main() -> None:
    """Print the tables."""
    print_header()
    print(f"Threads: PyTorch {peers.set_torch_threads()}, its default")
    print_optimisers(Plan(yaml.safe_load((ROOT / "config.yaml").read_text())))


def print_optimisers(plan: Plan) -> None:
    """Adam with batch size 1, a table for each activation."""
    for name, further in MODELS.items():
        spec = {**plan.experiments.run(EXPERIMENT, RUN), "replicates": [0, REPLICATES - 1]}
        spec |= {"iterations": ITERATIONS, "algorithm": {"kind": "adam"}}
        spec |= {"schedule": {"kind": "constant", "step_size": STEP_SIZE}}
        spec["model"] = {**spec["model"], **further}
        problem = generate(
            {key: spec[key] for key in ("problem", "model", "iterations", "replicates")}
        )
        others = {"PyTorch eager, torch.optim.Adam, 1 replicate": peer(problem, spec)}
        targets = dict.fromkeys(others, "ratio >= 8")
        rows = training.rows(problem, spec, others, targets, os.cpu_count() or 1, REPETITIONS)
        title = f"4d. Adam with batch size 1, {EXPERIMENT}, {name}, {REPLICATES} replicates"
        print_table(f"{title}; us per replicate and step", rows)


def peer(problem: Problem, spec: dict[str, Any]) -> Peer:
    """Replicate 0 as a notebook would write it: a module, `backward`, `optimiser.step`."""
    return Peer(torch_loop(problem, spec), 1, PEER_STEPS)


def torch_loop(problem: Problem, spec: dict[str, Any]) -> Callable[[int], np.ndarray]:
    """The function steps -> parameters, (1, P)."""
    network = models.from_spec(spec["model"], problem.x_train.shape[-1])
    activation = _ACTIVATIONS[spec["model"].get("activation", "relu")]
    x = torch.from_numpy(problem.of_replicate("x_train", 0))
    y = torch.from_numpy(problem.of_replicate("y_train", 0))
    start = torch.from_numpy(problem.of_replicate("theta0", 0))
    order = problem.order[0].tolist()

    def train(steps: int) -> np.ndarray:
        layers = []
        for outputs, inputs, has_bias in network.shapes:
            layers += [torch.nn.Linear(inputs, outputs, bias=has_bias, dtype=x.dtype), activation()]
        module = torch.nn.Sequential(*layers[:-1])
        torch.nn.utils.vector_to_parameters(start, module.parameters())
        optimiser = torch.optim.Adam(module.parameters(), lr=STEP_SIZE)
        for i in order[:steps]:
            optimiser.zero_grad()
            ((module(x[i])[0] - y[i]) ** 2).backward()
            optimiser.step()
        return torch.nn.utils.parameters_to_vector(module.parameters()).detach().numpy()[None]

    return train


if __name__ == "__main__":
    main()
