"""Rank of the Jacobian: the counts of `sparsestep.measures` against full singular values."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from benchmarks.timing import Row, medians
from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.measures import measure
from sparsestep.measures.diagonal_jacobian import Spec, columns
from sparsestep.training import train

# Snapshots of a run whose full SVD is taken, spread over it.
SVD_SNAPSHOTS = 32


def compare(
    problem: Problem, specs: dict[str, dict[str, Any]], threads: int, repetitions: int
) -> tuple[list[Row], list[str]]:
    """Times of both for every run, and lines that say how many counts are the same."""
    rows: list[Row] = []
    lines: list[str] = []
    for run, spec in specs.items():
        trajectory = train(problem, spec, threads)
        # Those after a divergence are NaN and cost nothing.
        finite = finite_snapshots(trajectory)
        spread = np.linspace(0, len(finite) - 1, SVD_SNAPSHOTS).astype(int)
        sample = [finite[k] for k in spread]
        jacobians = [jacobian(problem, trajectory, *where) for where in sample]
        ours, peer = f"{run}: ours, {threads} threads", f"{run}: full SVD, {threads} threads"
        timed = {
            ours: lambda t=trajectory, s=spec: measure(problem, t, s, threads),
            peer: lambda j=jacobians: singular_values(j, threads),
        }
        seconds = medians(timed, repetitions)
        each = {ours: 1e3 * seconds[ours] / len(finite), peer: 1e3 * seconds[peer] / len(sample)}
        rows.append(Row(ours, repetitions, each[ours], "ms", 1.0, "<= 2 ms"))
        rows.append(Row(peer, repetitions, each[peer], "ms", each[peer] / each[ours]))
        table = measure(problem, trajectory, spec, threads)
        values = singular_values(jacobians, threads)
        options = Spec(**spec["measure"]["jacobian_rank"])
        shape = trajectory.parameters.shape[:2]
        counts = {name: table[name].to_numpy().reshape(shape) for name in columns(options)}
        lines.append(f"{run}: {len(finite)} of {np.prod(shape)} snapshots lie before a divergence")
        lines += [f"{run}: {line}" for line in agreement(options, counts, sample, values)]
    return rows, lines


def finite_snapshots(trajectory: Trajectory) -> list[tuple[int, int]]:
    """(replicate, snapshot) of every snapshot before divergence, in order of the iterations."""
    finite = np.isfinite(trajectory.parameters).all(axis=-1)
    return [(int(row), int(at)) for at, row in np.argwhere(finite.T)]


def jacobian(problem: Problem, trajectory: Trajectory, row: int, at: int) -> np.ndarray:
    """phi = [X diag(v), X diag(u)], (2d, 2d), of the first 2d test points."""
    theta = trajectory.parameters[row, at]
    u, v = np.split(theta, 2)
    x = problem.of_replicate("x_test", row)[: len(theta)]
    return np.hstack([x * v, x * u])


def singular_values(jacobians: list[np.ndarray], threads: int) -> list[np.ndarray]:
    """Of every matrix, in as many threads as ours has: NumPy lets go of the GIL there."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda phi: np.linalg.svd(phi, compute_uv=False), jacobians))


def agreement(
    options: Spec,
    counts: dict[str, np.ndarray],
    sample: list[tuple[int, int]],
    values: list[np.ndarray],
) -> list[str]:
    """How many of the sampled counts the SVDs confirm, at each threshold above their rounding."""
    thresholds = [options.threshold, *options.further_thresholds]
    rounding = np.finfo(np.float64).eps * len(values[0])
    lines = []
    for threshold, ranks in zip(thresholds, counts.values(), strict=True):
        if threshold <= rounding:
            continue
        pairs = zip(sample, values, strict=True)
        equal = sum(ranks[where] == (s > threshold * s[0]).sum() for where, s in pairs)
        lines.append(f"count above {threshold:g} equal to the SVD's: {equal} of {len(sample)}")
    return lines
