"""Measuring snapshots a few at a time, replicates side by side."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from sparsestep.artifacts.arrays import Trajectory

if TYPE_CHECKING:
    from sparsestep.contracts import Network

# What one thread's largest array may take; a few of them still fit a core's cache.
_CHUNK_BYTES = 4 * 2**20
# Outputs of a network of L layers with parameters up to _LARGEST_OUTPUT^(1/L) and what is computed
# from them do not overflow. A replicate beyond that is on its way to 1e100, where it has diverged.
_LARGEST_OUTPUT = 1e60


def measure_chunks(
    trajectory: Trajectory,
    network: "Network",
    names: list[str],
    of_chunk: Callable[[int, np.ndarray], np.ndarray],
    numbers_each: int,
    threads: int,
) -> dict[str, np.ndarray]:
    """Columns `names`, each (R, S), float64, from `of_chunk(row, parameters)`.

    `of_chunk` gets parameters (C, P) of the replicate in `row` and returns (C, len(names)). NaN for
    snapshots of diverged replicates and of parameters beyond 1e60^(1/L) in a network of L layers.

    C is such that an array of C * `numbers_each` float64 numbers takes at most 4 MiB (or C = 1), so
    that memory does not grow with R or S. The chunks, and with them the result, do not depend on
    `threads`.
    """
    largest = _LARGEST_OUTPUT ** (1 / len(network.shapes))
    size = max(1, _CHUNK_BYTES // (8 * max(1, numbers_each)))

    def of_replicate(row: int) -> np.ndarray:
        parameters = trajectory.parameters[row]
        values = np.full((len(parameters), len(names)), np.nan)
        # False for NaN.
        finite = np.flatnonzero((np.abs(parameters) <= largest).all(axis=1))
        for start in range(0, len(finite), size):
            chunk = finite[start : start + size]
            values[chunk] = of_chunk(row, parameters[chunk])
        return values

    with ThreadPoolExecutor(threads) as pool:
        values = np.stack(list(pool.map(of_replicate, range(len(trajectory.parameters)))))
    return {name: values[..., column] for column, name in enumerate(names)}
