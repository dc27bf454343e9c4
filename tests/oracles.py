"""Slow, obvious versions of everything that the package computes fast."""

import numpy as np
import torch
from scipy.linalg import lapack


def train_diagonal(x, y, theta0, step_sizes, order=None):
    """Parameters before every update, (T, 2d): SGD along `order`, or GD without one.

    The gradient of (1/2m) sum_i (<u * v, x_i> - y_i)^2 over the m samples of a step comes from
    autograd.
    """
    theta = torch.tensor(theta0, requires_grad=True)
    x, y = torch.tensor(x), torch.tensor(y)
    d = x.shape[1]
    visited = []
    for t, step_size in enumerate(step_sizes):
        visited.append(theta.detach().numpy().copy())
        rows = slice(None) if order is None else [int(order[t])]
        residuals = x[rows] @ (theta[:d] * theta[d:]) - y[rows]
        loss = 0.5 * (residuals**2).mean()
        (gradient,) = torch.autograd.grad(loss, theta)
        with torch.no_grad():
            theta -= float(step_size) * gradient
    return np.array(visited)


def diagonal_jacobian(theta, x):
    """phi, (n, 2d): row i is the gradient of <u * v, x_i>, by one autograd call a row."""
    d = x.shape[1]
    rows = []
    for x_i in torch.tensor(x):
        parameters = torch.tensor(theta, requires_grad=True)
        output = (parameters[:d] * parameters[d:]) @ x_i
        rows.append(torch.autograd.grad(output, parameters)[0].numpy())
    return np.array(rows)


def rank(matrix, threshold):
    """Number of singular values above threshold * largest, by a full SVD."""
    values = np.linalg.svd(matrix, compute_uv=False)
    return int((values > threshold * values[0]).sum())


def accurate_singular_values(matrix):
    """Singular values of X diag(w) with high relative accuracy, by Jacobi rotations (LAPACK gejsv).

    An ordinary SVD only gets values right down to 2e-16 times the largest.
    """
    # "C": the columns' scales may differ by many orders of magnitude; "N": no vectors, no cut-off.
    scaled, _, _, work, _, info = lapack.dgejsv(
        np.asfortranarray(matrix), joba=0, jobu=3, jobv=3, jobr=0, jobt=0, jobp=0
    )
    assert info == 0
    return scaled * (work[0] / work[1])


def snapshot_iterations(iterations, first, evenly_spaced):
    """The published grid, point by point."""
    wanted = {t for t in range(first) if t < iterations}
    for k in range(evenly_spaced):
        at = round(k * iterations / (evenly_spaced - 1)) if evenly_spaced > 1 else 0
        if at < iterations:
            wanted.add(at)
    return sorted(wanted)
