"""The training of ReLU networks in PyTorch and JAX; a peer is as in `benchmarks.peers`.

The parameters are a list of (weight, bias or None), as one writes a network; the peers return them
flat, in the order of `sparsestep.models.mlp`.
"""

from collections.abc import Callable

import numpy as np
import torch

from benchmarks.peers import Peer, jax
from sparsestep.artifacts.arrays import Problem
from sparsestep.models.mlp import Network


def peers(problem: Problem, network: Network, step_sizes: np.ndarray) -> dict[str, Peer]:
    """Every peer that can be imported, by the name to print."""
    if len(problem.x_train) > 1:
        count = len(problem.x_train)
        raise ValueError(f"the peers train replicates that share their data, got {count} data sets")
    replicates = len(problem.order)
    arguments = (problem, network, step_sizes)
    found = {"PyTorch eager, autograd, 1 replicate": Peer(torch_loop(*arguments), 1, 2000)}
    if jax is not None:
        found[f"JAX lax.scan, vmap of {replicates}"] = Peer(
            jax_vmap(*arguments), replicates, 10_000
        )
    return found


def torch_loop(
    problem: Problem, network: Network, step_sizes: np.ndarray
) -> Callable[[int], np.ndarray]:
    """Replicate 0 as a notebook would write it: loss, `backward`, update, one step at a time."""
    x = torch.from_numpy(problem.of_replicate("x_train", 0))
    y = torch.from_numpy(problem.of_replicate("y_train", 0))
    start = network.layers(problem.of_replicate("theta0", 0))
    order, eta = problem.order[0].tolist(), step_sizes.tolist()

    def train(steps: int) -> np.ndarray:
        layers = [[None if p is None else torch.tensor(p, requires_grad=True) for p in layer]
                  for layer in start]  # fmt: skip
        parameters = [p for layer in layers for p in layer if p is not None]
        for t in range(steps):
            hidden = x[order[t]]
            for weight, bias in layers[:-1]:
                hidden = torch.relu(torch.nn.functional.linear(hidden, weight, bias))
            prediction = torch.nn.functional.linear(hidden, *layers[-1])
            ((prediction - y[order[t]]) ** 2).sum().backward()
            with torch.no_grad():
                for p in parameters:
                    p -= eta[t] * p.grad
                    p.grad = None
        return torch.cat([p.detach().ravel() for p in parameters]).numpy()[None]

    return train


def jax_vmap(
    problem: Problem, network: Network, step_sizes: np.ndarray
) -> Callable[[int], np.ndarray]:
    """All replicates in one compiled loop."""
    x, y = jax.numpy.asarray(problem.x_train[0]), jax.numpy.asarray(problem.y_train[0])

    def loss(layers, i):
        hidden = x[i]
        for weight, bias in layers[:-1]:
            hidden = jax.nn.relu(_affine(weight, bias, hidden))
        return (_affine(*layers[-1], hidden)[0] - y[i]) ** 2

    def step(layers, of_step):
        i, eta = of_step
        slopes = jax.grad(loss)(layers, i)
        return jax.tree.map(lambda part, slope: part - eta * slope, layers, slopes), None

    def replicate(layers, order, eta):
        return jax.lax.scan(step, layers, (order, eta))[0]

    compiled = jax.jit(jax.vmap(replicate, in_axes=(0, 0, None)))
    replicates = len(problem.order)
    theta0 = np.broadcast_to(problem.theta0, (replicates, network.parameter_count))
    # None is an empty tree for JAX.
    start = jax.tree.map(jax.numpy.asarray, network.layers(theta0))
    order, eta = jax.numpy.asarray(problem.order), jax.numpy.asarray(step_sizes)

    def train(steps: int) -> np.ndarray:
        parts = jax.tree.leaves(compiled(start, order[:, :steps], eta[:steps]))
        return np.concatenate([np.reshape(part, (replicates, -1)) for part in parts], axis=1)

    return train


def _affine(weight, bias, inputs):
    outputs = weight @ inputs
    return outputs if bias is None else outputs + bias
