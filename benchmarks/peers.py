"""The same training in PyTorch and JAX.

A peer is `train(steps) -> (replicates, 2d)`, the parameters after that many updates, float64, from
data that were put in the library's own arrays beforehand. Peers keep no snapshots and do not look
for divergence, which `sparsestep.training.train` does in its timed loop.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import torch

from sparsestep.artifacts.arrays import Problem

try:
    import jax

    # Without it JAX computes in float32, whatever dtype the arrays have.
    jax.config.update("jax_enable_x64", True)
except ImportError:
    jax = None

# Updates in one round of the compiled loop where each replicate has its own: faster than 1.
_UNROLL = 8


class Peer(NamedTuple):
    """How to train, for how many replicates at once, and how many steps are enough to time it."""

    train: Callable[[int], np.ndarray]
    replicates: int
    steps: int


def peers(problem: Problem, algorithm: str, step_sizes: np.ndarray, threads: int) -> dict:
    """Every peer that can be imported, by the name to print."""
    if len(problem.x_train) > 1:
        count = len(problem.x_train)
        raise ValueError(f"the peers train replicates that share their data, got {count} data sets")
    replicates = len(problem.order)
    sgd = algorithm == "sgd"
    arguments = (problem, sgd, step_sizes)
    found = {
        "PyTorch eager, autograd, 1 replicate": Peer(torch_loop(*arguments), 1, 3000),
        f"PyTorch eager, by hand, batch of {replicates}": Peer(
            torch_batched(*arguments), replicates, 3000
        ),
    }
    if jax is not None:
        steps = 20_000 if sgd else 5000
        threaded = jax_threads(*arguments, threads)
        plain, joined = (jax_vmap(*arguments, as_pair) for as_pair in (True, False))
        found[f"JAX lax.scan, vmap of {replicates}"] = Peer(plain, replicates, steps)
        found[f"JAX lax.scan, vmap of {replicates}, u and v joined"] = Peer(
            joined, replicates, steps
        )
        found[f"JAX lax.scan, unroll {_UNROLL}, {threads} threads"] = Peer(
            threaded, replicates, steps
        )
    return found


def set_torch_threads() -> int:
    """Give PyTorch the threads it has by default, and return how many.

    `sparsestep.stages` sets OMP_NUM_THREADS, which PyTorch obeys as well; a user's notebook would
    not have it. What the default is, a process without the variables knows.
    """
    pinned = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {name: value for name, value in os.environ.items() if name not in pinned}
    command = [sys.executable, "-c", "import torch; print(torch.get_num_threads())"]
    threads = int(subprocess.check_output(command, env=environment, text=True))
    torch.set_num_threads(threads)
    return threads


def torch_loop(problem: Problem, sgd: bool, step_sizes: np.ndarray) -> Callable[[int], np.ndarray]:
    """Replicate 0 as a notebook would write it: loss, `backward`, update, one step at a time."""
    x = torch.from_numpy(problem.of_replicate("x_train", 0))
    y = torch.from_numpy(problem.of_replicate("y_train", 0))
    start = problem.of_replicate("theta0", 0)
    order, eta = problem.order[0].tolist(), step_sizes.tolist()

    def train(steps: int) -> np.ndarray:
        u, v = (torch.tensor(part).requires_grad_() for part in np.split(start, 2))
        for t in range(steps):
            rows = slice(order[t], order[t] + 1) if sgd else slice(None)
            loss = 0.5 * ((x[rows] @ (u * v) - y[rows]) ** 2).mean()
            loss.backward()
            with torch.no_grad():
                u -= eta[t] * u.grad
                v -= eta[t] * v.grad
            u.grad = v.grad = None
        return torch.cat([u, v]).detach().numpy()[None]

    return train


def torch_batched(
    problem: Problem, sgd: bool, step_sizes: np.ndarray
) -> Callable[[int], np.ndarray]:
    """All replicates along a leading axis, with the gradient written by hand."""
    x, y = torch.from_numpy(problem.x_train[0]), torch.from_numpy(problem.y_train[0])
    # (T, R), contiguous: a step reads one row.
    order = torch.from_numpy(np.ascontiguousarray(problem.order.T))
    eta = step_sizes.tolist()
    theta0 = torch.from_numpy(problem.theta0).expand(len(problem.order), -1)

    @torch.inference_mode()
    def train(steps: int) -> np.ndarray:
        u, v = (part.clone() for part in theta0.chunk(2, dim=1))
        for t in range(steps):
            if sgd:
                sample = x[order[t]]
                residual = (u * v * sample).sum(1) - y[order[t]]
                slope = (eta[t] * residual)[:, None] * sample
            else:
                slope = ((u * v) @ x.T - y) @ x * (eta[t] / len(x))
            u, v = u - slope * v, v - slope * u
        return torch.cat([u, v], dim=1).numpy()

    return train


def jax_vmap(
    problem: Problem, sgd: bool, step_sizes: np.ndarray, as_pair: bool
) -> Callable[[int], np.ndarray]:
    """All replicates in one compiled loop; u and v as a pair, as one writes them, or as one array.

    One array is the faster form of the two.
    """
    # theta0 has an axis of replicates: without one, `vmap` would see that full-batch descent is the
    # same for all of them, and train one.
    over_replicates = jax.vmap(_jax_replicate(problem, sgd), in_axes=(0, 0, None))
    compiled = jax.jit(over_replicates)
    shape = (len(problem.order), problem.theta0.shape[-1])
    theta0 = jax.numpy.asarray(np.broadcast_to(problem.theta0, shape))
    if as_pair:
        theta0 = tuple(jax.numpy.split(theta0, 2, axis=1))
    order, eta = jax.numpy.asarray(problem.order), jax.numpy.asarray(step_sizes)

    def train(steps: int) -> np.ndarray:
        theta = compiled(theta0, order[:, :steps], eta[:steps])
        return np.concatenate(theta, axis=1) if as_pair else np.asarray(theta)

    return train


def jax_threads(
    problem: Problem, sgd: bool, step_sizes: np.ndarray, threads: int
) -> Callable[[int], np.ndarray]:
    """One compiled loop a replicate, in as many Python threads as we use: JAX lets go of the GIL.

    Not what one writes first, but XLA runs small operations in one thread. The fastest form found:
    u and v as two arrays, the loop unrolled.
    """
    compiled = jax.jit(_jax_replicate(problem, sgd, unroll=_UNROLL))
    rows = range(len(problem.order))
    starts = [np.split(problem.of_replicate("theta0", row), 2) for row in rows]
    theta0 = [tuple(jax.numpy.asarray(part) for part in start) for start in starts]
    orders = [jax.numpy.asarray(order) for order in problem.order]
    eta = jax.numpy.asarray(step_sizes)

    def train(steps: int) -> np.ndarray:
        def train_replicate(row):
            return np.concatenate(compiled(theta0[row], orders[row][:steps], eta[:steps]))

        with ThreadPoolExecutor(threads) as pool:
            return np.stack(list(pool.map(train_replicate, rows)))

    return train


def _jax_replicate(problem: Problem, sgd: bool, unroll: int = 1) -> Callable[..., Any]:
    """(theta0, order, step sizes) -> parameters of one replicate, for JAX to compile.

    theta0 is one array, (2d,), or the pair u, v; the result is like it.
    """
    x, y = jax.numpy.asarray(problem.x_train[0]), jax.numpy.asarray(problem.y_train[0])

    def loss(theta, i):
        u, v = theta if isinstance(theta, tuple) else jax.numpy.split(theta, 2)
        inputs, labels = (x[i][None], y[i][None]) if sgd else (x, y)
        return 0.5 * jax.numpy.mean((inputs @ (u * v) - labels) ** 2)

    def step(theta, of_step):
        i, eta = of_step
        slopes = jax.grad(loss)(theta, i)
        return jax.tree.map(lambda part, slope: part - eta * slope, theta, slopes), None

    def replicate(theta0, order, eta):
        return jax.lax.scan(step, theta0, (order, eta), unroll=unroll)[0]

    return replicate
