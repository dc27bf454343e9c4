"""Euler-Maruyama steps of the SDE on diagonal networks, beside the same steps in NumPy."""

import dataclasses
from typing import Any

import numpy as np

from benchmarks.timing import Row, medians
from sparsestep import schedules
from sparsestep.algorithms.label_noise import noise_seed
from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.training import train

# Iterations of the SGD run that are followed; each is ten updates.
_ITERATIONS = 2000
_AGREEMENT = 1e-9


def rows(
    problem: Problem, sgd: dict[str, Any], run: dict[str, Any], threads: int, repetitions: int
) -> list[Row]:
    """us per replicate and update; raises RuntimeError where NumPy computes other values.

    `sgd` and `run` are the specs of the run that is followed and of the SDE. Only replicates that
    survive are timed.
    """
    short = {"iterations": _ITERATIONS, "snapshots": {"first": 2, "evenly_spaced": 3}}
    order = problem.order[:, :_ITERATIONS]
    problem = dataclasses.replace(problem, order=order)
    followed = train(problem, {**sgd, **short}, threads)
    spec = {**run, **short}
    numpy_run = _numpy_steps(problem, spec, followed)
    trajectory = train(problem, spec, threads, None, followed)
    last = trajectory.iterations[-1]
    alive = trajectory.diverged_at < 0
    difference = np.abs(numpy_run(last) - trajectory.parameters[:, -1])[alive].max()
    if not difference <= _AGREEMENT:
        raise RuntimeError(f"NumPy's SDE differs from ours by {difference} after {last} iterations")
    timed = {
        f"ours, {threads} threads": lambda: train(problem, spec, threads, None, followed),
        "ours, 1 thread": lambda: train(problem, spec, 1, None, followed),
        f"NumPy, batch of {len(order)}": lambda: numpy_run(_ITERATIONS),
    }
    seconds = medians(timed, repetitions)
    updates = order.size * spec["algorithm"]["substeps"]
    each = {name: 1e6 * value / updates for name, value in seconds.items()}
    ours = next(iter(each.values()))
    targets = dict.fromkeys(each, "") | {next(iter(each)): "<= 5 us"}
    return [Row(k, repetitions, v, "us", v / ours, targets[k]) for k, v in each.items()]


def _numpy_steps(problem: Problem, spec: dict[str, Any], followed: Trajectory):
    """All replicates along a leading axis; (iterations) -> parameters (R, 2d)."""
    x, y = problem.x_train[0], problem.y_train[0]
    n, m = len(y), spec["algorithm"]["substeps"]
    eta = schedules.from_spec(spec["schedule"]).step_sizes(spec["iterations"])
    c = spec["algorithm"]["c"] or 2 / n
    replicates = range(len(problem.order))

    def train_numpy(iterations: int) -> np.ndarray:
        streams = [np.random.Generator(np.random.SFC64(noise_seed(problem, r))) for r in replicates]
        u, v = np.split(np.repeat(problem.theta0, len(streams), axis=0), 2, axis=1)
        for t in range(iterations):
            gamma = eta[t] / m
            scale = np.sqrt(gamma * eta[t] * c * followed.train_loss[:, t, None])
            for _ in range(m):
                z = np.stack([stream.standard_normal(n) for stream in streams])
                # A replicate that diverges goes on here.
                with np.errstate(over="ignore", invalid="ignore"):
                    slope = (gamma / n * ((u * v) @ x.T - y) - scale * z) @ x
                    u, v = u - slope * v, v - slope * u
        return np.concatenate([u, v], axis=1)

    return train_numpy
