"""Largest eigenvalues of many symmetric matrices at once, from products with vectors."""

from collections.abc import Callable

import numpy as np

# Iterations between two looks at the Ritz values.
_STRIDE = 6
# A direction this short beside the matrix is rounding: the Krylov space is complete.
_EXHAUSTED = 1e-13


def largest_eigenvalues(
    product: Callable[[np.ndarray], np.ndarray],
    count: int,
    size: int,
    tolerance: float = 1e-6,
    iterations: int | None = None,
) -> np.ndarray:
    """Largest eigenvalue (not in magnitude) of each of `count` symmetric matrices A, (count,).

    `product` maps vectors (count, size) to A times them. Lanczos iteration with full
    reorthogonalisation, until the residual of each Ritz pair, which bounds its distance to an
    eigenvalue, is at most `tolerance` times its own value, however much larger in magnitude other
    eigenvalues are; or 1e-13 ||A||_2, where the largest is 0. For an eigenvalue well separated from
    the next, the error is about the square of that. After `size` iterations the result is exact.
    Where `iterations` end it before, it is what it is by then, below the largest eigenvalue.
    Memory: `size` float64 numbers of each matrix an iteration, twice as many while room is made for
    more.
    """
    last = size if iterations is None else min(size, iterations)
    # Always the same vector: irregular, so that no structure of A makes it orthogonal to an
    # eigenvector.
    start = np.random.default_rng(0).standard_normal(size)
    start /= np.linalg.norm(start)
    basis = np.empty((count, min(last, 2 * _STRIDE), size))
    basis[:, 0] = start
    diagonal, off_diagonal, scale = np.zeros((count, 0)), np.zeros((count, 0)), np.zeros(count)
    for k in range(1, last + 1):
        vector = product(basis[:, k - 1])
        alpha = np.einsum("cp,cp->c", vector, basis[:, k - 1])
        if k > 1:
            # Where the Krylov space is complete, repeat a number that cannot be the largest alone.
            alpha = np.where(off_diagonal[:, -1] > 0, alpha, diagonal[:, 0])
        vector = _orthogonalised(vector, basis[:, :k])
        beta = np.linalg.norm(vector, axis=1)
        scale = np.maximum(scale, np.maximum(np.abs(alpha), beta))
        beta[beta <= _EXHAUSTED * scale] = 0.0
        diagonal = np.column_stack([diagonal, alpha])
        if k % _STRIDE == 0 or k == last:
            largest, residual = _ritz(diagonal, off_diagonal, beta)
            # Beside the value itself: beside ||A||_2, a negative eigenvalue 1e4 times as large ends
            # it when nothing is known yet of the largest one.
            small_enough = np.maximum(tolerance * np.abs(largest), _EXHAUSTED * scale)
            if k == last or (residual <= small_enough).all():
                break
        off_diagonal = np.column_stack([off_diagonal, beta])
        basis = _with_room(basis, k, last)
        basis[:, k] = np.divide(
            vector, beta[:, None], out=np.zeros_like(vector), where=beta[:, None] > 0
        )
    return largest


def _orthogonalised(vectors: np.ndarray, basis: np.ndarray) -> np.ndarray:
    # Twice is enough.
    for _ in range(2):
        coefficients = basis @ vectors[..., None]
        vectors = vectors - (np.swapaxes(basis, 1, 2) @ coefficients)[..., 0]
    return vectors


def _ritz(
    diagonal: np.ndarray, off_diagonal: np.ndarray, beta: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Largest Ritz value, and the norm of its residual."""
    k = diagonal.shape[1]
    tridiagonal = np.zeros((len(diagonal), k, k))
    rows = np.arange(k)
    tridiagonal[:, rows, rows] = diagonal
    tridiagonal[:, rows[1:], rows[:-1]] = off_diagonal
    values, vectors = np.linalg.eigh(tridiagonal)
    return values[:, -1], beta * np.abs(vectors[:, -1, -1])


def _with_room(basis: np.ndarray, k: int, last: int) -> np.ndarray:
    """The basis, with space for vector k of `last`."""
    count, capacity, size = basis.shape
    if k < capacity:
        return basis
    larger = np.empty((count, min(last, 2 * capacity), size))
    larger[:, :k] = basis
    return larger
