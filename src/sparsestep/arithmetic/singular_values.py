"""Singular values of small matrices, by rotations in a fixed order."""

import numpy as np

from sparsestep.arithmetic.vectors import jit

# Columns whose cosine is smaller are orthogonal.
_ORTHOGONAL = 1e-15
# Far more than are needed: every sweep squares what is left.
_MOST_SWEEPS = 60


def decompose(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Singular values of X, (n, d), that are not zero, and their right vectors: (r,) and (r, d).

    Float64, in descending order; each right vector's largest component is positive. One-sided
    Jacobi iteration (Hestenes 1958): columns of X V are made orthogonal pair by pair.
    """
    columns, rotations = np.array(x.T, dtype=np.float64, order="C"), np.eye(x.shape[1])
    _orthogonalise(columns, rotations)
    values = np.sqrt(np.sum(columns**2, axis=1))
    order = np.argsort(-values, kind="stable")[: min(x.shape)]
    order = order[values[order] > np.finfo(float).eps * max(x.shape) * values[order[0]]]
    right = rotations[order]
    largest = np.abs(right).argmax(axis=1)
    return values[order], right * np.sign(right[np.arange(len(right)), largest])[:, None]


@jit
def _orthogonalise(columns, rotations):
    """Rotate rows of `columns` in pairs until all are orthogonal; the same on `rotations`."""
    for _ in range(_MOST_SWEEPS):
        rotated = False
        for p in range(columns.shape[0] - 1):
            for q in range(p + 1, columns.shape[0]):
                square_p, square_q = _dot(columns[p], columns[p]), _dot(columns[q], columns[q])
                product = _dot(columns[p], columns[q])
                if abs(product) <= _ORTHOGONAL * np.sqrt(square_p * square_q):
                    continue
                rotated = True
                cotangent = (square_q - square_p) / (2.0 * product)
                sign = 1.0 if cotangent >= 0 else -1.0
                tangent = sign / (abs(cotangent) + np.sqrt(1.0 + cotangent * cotangent))
                cosine = 1.0 / np.sqrt(1.0 + tangent * tangent)
                _rotate(columns[p], columns[q], cosine, cosine * tangent)
                _rotate(rotations[p], rotations[q], cosine, cosine * tangent)
        if not rotated:
            break


@jit
def _dot(a, b):
    total = 0.0
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@jit
def _rotate(a, b, cosine, sine):
    for i in range(a.shape[0]):
        a_i, b_i = a[i], b[i]
        a[i] = cosine * a_i - sine * b_i
        b[i] = sine * a_i + cosine * b_i
